//! Sockets that somebody listens on.

use super::{inode_of, pids, row, rows, rows_of, ss::assert_agreement};
use crate::harness::{Scene, has, has_mount_namespaces};
use std::{
    fs,
    os::{
        fd::OwnedFd,
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream},
    },
    process,
};

#[test]
fn a_listener_has_its_process_backlog_and_clients() {
    let scene = Scene::new();
    for name in ["./s".to_owned(), format!("@{}", scene.word())] {
        let server = scene.listen(&name).args(["-k", "--merge"]).start_listening();
        let _clients = [scene.wire(&name), scene.wire(&name)];
        server.wait_for_message("connection 2 ");
        let found = row(&scene, &[&name]);
        assert_eq!(found["schema"], 1);
        assert_eq!(found["state"], "listening");
        assert_eq!(found["type"], "stream");
        assert_eq!(found["clients"], 2, "{found}");
        assert_eq!(found["backlog"]["used"], 0);
        assert_eq!(pids(&found["server"]), [u64::from(server.pid())]);
        let process = &found["server"]["processes"][0];
        assert_eq!(process["command"], "lsock");
        assert_eq!(process["uid"], rustix::process::geteuid().as_raw());
        let table = scene.lsock(["ls", &name]).run().silent();
        let lines: Vec<&str> = table.stdout_text().lines().collect();
        let [title, line] = lines[..] else { panic!("{}", table.report()) };
        let titles: Vec<&str> = title.split_whitespace().collect();
        assert_eq!(titles, ["NAME", "TYPE", "BACKLOG", "CLIENTS", "PID", "COMMAND", "USER"]);
        let cells: Vec<&str> = line.split_whitespace().collect();
        let pid = server.pid().to_string();
        assert_eq!(cells[1], "stream");
        assert_eq!(cells[3..6], ["2", &pid, "lsock"]);
        server.kill();
    }
}

/// What the program prints for a path is not what the server has given to bind(2).
#[test]
fn a_relative_path_is_listed_with_its_folder() {
    let scene = Scene::new();
    let folder = fs::canonicalize(scene.folder()).unwrap();
    fs::create_dir(scene.path("in")).unwrap();
    let server = scene.listen("./in/../s").start_listening();
    let found = row(&scene, &["--pid", &server.pid().to_string()]);
    assert_eq!(found["name"], folder.join("in/../s").to_str().unwrap());
    assert_eq!(found["note"], serde_json::Value::Null);
    scene.connect(found["name"].as_str().unwrap()).run().silent();
    server.end().ok();
}

#[test]
fn a_path_that_has_lost_its_file_is_marked() {
    let scene = Scene::new();
    let path = scene.path("s");
    let lost = UnixListener::bind(&path).unwrap();
    let of_lost = |found: &serde_json::Value| found["server"]["inode"] == inode_of(&lost);
    assert_eq!(row(&scene, &["./s"])["note"], serde_json::Value::Null);
    fs::remove_file(&path).unwrap();
    assert_eq!(row(&scene, &["./s"])["note"], "not at this path");
    scene.lsock(["ls", "./s"]).run().silent().prints("not at this path");
    // Another socket at the path.
    let _new = UnixListener::bind(&path).unwrap();
    let both = rows(&scene, &["./s"]);
    assert_eq!(both.len(), 2);
    for found in both {
        assert_eq!(found["note"] == "not at this path", of_lost(&found), "{found}");
    }
}

/// The clients of a server are not those of the server that had the name before.
#[test]
fn clients_are_counted_for_each_file() {
    let scene = Scene::new();
    let path = scene.path("s");
    let old = UnixListener::bind(&path).unwrap();
    let _old_client = UnixStream::connect(&path).unwrap();
    let _old_accepted = old.accept().unwrap();
    fs::remove_file(&path).unwrap();
    let new = UnixListener::bind(&path).unwrap();
    let _new_clients = [UnixStream::connect(&path).unwrap(), UnixStream::connect(&path).unwrap()];
    let _new_accepted = new.accept().unwrap();
    let found = rows(&scene, &["./s"]);
    let of =
        |listener| found.iter().find(|row| row["server"]["inode"] == inode_of(listener)).unwrap();
    assert_eq!(of(&old)["clients"], 1);
    assert_eq!(of(&new)["clients"], 2);
    assert_eq!(of(&new)["backlog"]["used"], 1);
}

#[test]
fn datagram_sockets_with_a_name_are_listed() {
    let scene = Scene::new();
    let address = SocketAddr::from_abstract_name(scene.word()).unwrap();
    let _socket = UnixDatagram::bind_addr(&address).unwrap();
    let found = row(&scene, &[scene.word()]);
    assert_eq!(found["type"], "dgram");
    assert_eq!(found["state"], "receiving");
    assert!(pids(&found["server"]).contains(&u64::from(process::id())));
}

#[test]
fn each_process_that_has_the_socket_is_listed() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let other =
        scene.command("tail").args(["-f", "/dev/null"]).stdin(OwnedFd::from(listener)).start();
    let found = row(&scene, &["./s", "--pid", &other.pid().to_string()]);
    assert!(pids(&found["server"]).contains(&u64::from(other.pid())), "{found}");
}

#[test]
fn the_file_of_a_server_in_another_mount_namespace_is_found() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    fs::create_dir(scene.path("in")).unwrap();
    let script = r#"mount -t tmpfs none in && exec "$0" "$@""#;
    let unshare = scene.command("unshare").args(["--map-root-user", "--mount", "sh", "-c", script]);
    let path = fs::canonicalize(scene.folder()).unwrap().join("in/s");
    let lsock = unshare.args([env!("CARGO_BIN_EXE_lsock"), "listen", "-v", path.to_str().unwrap()]);
    let server = lsock.start_listening();
    let found = row(&scene, &["--pid", &server.pid().to_string()]);
    let name = found["name"].as_str().unwrap();
    assert_eq!(name, format!("/proc/{}/root{}", server.pid(), path.display()));
    if name.len() <= 108 {
        scene.connect(name).run().silent();
        server.end().ok();
    }
}

/// A service that has moved to another folder, as `daemon(3)` does.
#[test]
fn a_relative_path_without_its_folder_is_marked() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let path = scene.path("s");
    let script = "import os, socket, sys, time\n\
                  s = socket.socket(socket.AF_UNIX)\n\
                  s.bind('./s')\n\
                  s.listen()\n\
                  os.chdir('/')\n\
                  print('ready', flush=True)\n\
                  time.sleep(600)\n";
    let server = scene.command("python3").args(["-c", script]).start();
    server.wait_for_output("ready\n");
    let script = format!("cd / && exec \"$0\" ls --json --pid {}", server.pid());
    let elsewhere = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
    let found = &rows_of(&elsewhere.run().ok())[0];
    assert_eq!([&found["name"], &found["note"]], ["?/s", "folder unknown"]);
    // In the folder of the file the same path leads to it.
    let found = row(&scene, &["./s"]);
    assert_eq!(found["name"], path.to_str().unwrap());
    assert!(found["note"].is_null(), "{found}");
    server.kill();
}

/// Linux lets one more connection wait than the limit says.
#[test]
fn a_full_backlog_is_the_same_in_all_reports() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    for limit in [0, 2] {
        rustix::net::listen(&listener, limit).unwrap();
        let clients: Vec<_> = (0..=limit).map(|_| scene.wire("./s")).collect();
        let figures = format!("{}/{limit}", limit + 1);
        scene.lsock(["ls", "-q", "./s"]).run().silent().prints(&format!("  {figures}  "));
        let name = scene.lsock(["name", "./s"]).run().silent();
        name.prints(&format!("backlog     {figures}, full\n"));
        let connect = scene.connect("./s").arg("--timeout=1ms").run().fails(4);
        connect.says(&format!("its backlog is full ({figures})"));
        if has("ss") {
            assert_eq!(assert_agreement(&scene, scene.folder().to_str().unwrap()).0, 1);
        }
        for _ in clients {
            drop(listener.accept().unwrap());
        }
    }
}
