//! Names of any bytes.

use super::{pids, row, rows};
use crate::harness::{Scene, wait_until};
use serde_json::json;
use std::{
    ffi::OsStr,
    fs,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixListener},
        },
    },
};

/// What is listed in a shell can be pasted there.
#[test]
fn every_listed_name_can_be_pasted_into_connect() {
    let scene = Scene::new();
    let endings: [&[u8]; 9] = [
        b"plain",
        b"a b'\"$(x)",
        b"line\nNAME",
        b"\x1b[2J",
        b"nul\0nul",
        b"\xff\xfe",
        "b\u{202e}c".as_bytes(),
        b"~star*[x]",
        b"fs:colon",
    ];
    let mut listeners = Vec::new();
    for ending in endings {
        let abstract_name = [scene.word().as_bytes(), b" ", ending].concat();
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        listeners.push(UnixListener::bind_addr(&address).unwrap());
        if !ending.contains(&0) {
            let file = scene.folder().join(OsStr::from_bytes(ending));
            listeners.push(UnixListener::bind(file).unwrap());
        }
    }
    for listener in &listeners {
        listener.set_nonblocking(true).unwrap();
    }
    let args = ["ls", "-q", "--pid", &std::process::id().to_string()];
    let table = scene.lsock(args).run().silent();
    let text = table.stdout_text();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
    let folder = scene.folder().to_str().unwrap().to_owned();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let marks = [folder.clone(), hex(&folder), scene.word().to_owned(), hex(scene.word())];
    for line in text.lines().filter(|line| marks.iter().any(|mark| line.contains(mark))) {
        // The shell splits the line into words, of which the first one is the name.
        let script = format!(r#"set -- {line}; exec "$LSOCK" connect "$1""#);
        let connect = scene.command("sh").args(["-c", &script]);
        let client = connect.env("LSOCK", env!("CARGO_BIN_EXE_lsock")).start();
        wait_until("one of the other listeners has a client", || {
            let accepted = listeners.iter().position(|listener| listener.accept().is_ok());
            accepted.map(|number| listeners.remove(number)).is_some()
        });
        client.end().silent();
    }
    assert!(listeners.is_empty(), "{listeners:?}: {text}");
}

#[test]
fn names_in_json_are_names_of_lsock() {
    let scene = Scene::new();
    let name = [scene.word().as_bytes(), b"\n\xff"].concat();
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let digits: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("ns-hex:{digits}");
    assert_eq!(row(&scene, &[&text])["name"], text);
    assert_eq!(row(&scene, &[&format!("@{}*", scene.word())])["name"], text);
    assert_eq!(rows(&scene, &[&format!("@{}?", scene.word())]).len(), 0);
}

/// A server can use a path from its folder that is too long from elsewhere.
#[test]
fn names_that_cannot_be_typed_are_marked() {
    let scene = Scene::new();
    let folder = "d".repeat(100);
    fs::create_dir(scene.path(&folder)).unwrap();
    let script = format!(r#"cd {folder} && exec "$0" listen -v ./s"#);
    let server = scene.shell(&script).start_listening();
    let pid = server.pid().to_string();
    let found = row(&scene, &["--pid", &pid]);
    assert_eq!(found["note"], "path too long", "{found}");
    let path = scene.path(&folder).join("s");
    assert_eq!(found["name"], fs::canonicalize(path).unwrap().to_str().unwrap());
    scene.lsock(["ls", "--pid", &pid]).run().silent().prints("path too long");
    server.kill();
}

#[test]
fn the_form_of_a_path_and_patterns_of_any_bytes_select_files() {
    let scene = Scene::new();
    let _plain = UnixListener::bind(scene.path("plain")).unwrap();
    let _other = UnixListener::bind(scene.folder().join(OsStr::from_bytes(b"x\xff"))).unwrap();
    for pattern in ["fs:plain", "fs:./plain", "fs-hex:706c61696e", "./p*"] {
        assert_eq!(row(&scene, &[pattern])["name"], scene.path("plain").to_str().unwrap());
    }
    for pattern in ["fs-hex:2e2f78ff", "./x*", "./x?"] {
        let name = row(&scene, &[pattern])["name"].as_str().unwrap().to_owned();
        assert!(name.starts_with("fs-hex:") && name.ends_with("2f78ff"), "{name}");
    }
}

#[test]
fn sockets_that_a_tap_has_moved_are_listed_where_clients_find_them() {
    let scene = Scene::new();
    let absolute = scene.path("s").to_str().unwrap().to_owned();
    for name in ["./s", &absolute] {
        let server = scene.listen(name).args(["-k", "--", "cat"]).start_listening();
        let tap = scene.lsock(["tap", "-v", name]).start();
        tap.wait_for_message("tapping ");
        let [moved, tapped] = &rows(&scene, &["./*"])[..] else { panic!("no two rows") };
        let (server_pid, tap_pid) = (u64::from(server.pid()), u64::from(tap.pid()));
        let path = |name| scene.path(name).to_str().unwrap().to_owned();
        assert_eq!(
            (&moved["name"], &moved["note"]),
            (&json!(path(".s.lsock-tap")), &json!("moved by a tap"))
        );
        assert_eq!(pids(&moved["server"]), [server_pid]);
        assert_eq!((&tapped["name"], &tapped["note"]), (&json!(path("s")), &json!(null)));
        assert_eq!(pids(&tapped["server"]), [tap_pid]);
        tap.kill();
        assert_eq!(row(&scene, &["./*"]), *moved);
        scene.lsock(["tap", "--restore", name]).run().ok();
        assert_eq!(row(&scene, &["./*"])["name"], path("s"));
        server.terminate();
    }
}
