//! Options that select rows.

use super::{row, rows, rows_of};
use crate::harness::{NOBODY, Scene, has, is_root};
use std::os::{
    fd::OwnedFd,
    unix::net::{UnixDatagram, UnixListener},
};

#[test]
fn rows_are_selected_by_pattern_process_type_and_user() {
    let scene = Scene::new();
    let _stream = UnixListener::bind(scene.path("one.sock")).unwrap();
    let _datagram = UnixDatagram::bind(scene.path("two.sock")).unwrap();
    let server = scene.listen("./three").start_listening();
    let folder = scene.folder().to_str().unwrap();
    let count = |args: &[&str]| rows(&scene, args).len();
    assert_eq!(count(&["./*"]), 3);
    assert_eq!(count(&[&format!("{folder}/*.sock")]), 2);
    assert_eq!(count(&["./one*", "./three"]), 2);
    assert_eq!(count(&["./*", "--type", "stream"]), 2);
    assert_eq!(count(&["./*", "--type", "dgram,seqpacket"]), 1);
    let pid = server.pid().to_string();
    assert_eq!(row(&scene, &["--pid", &pid])["server"]["processes"][0]["pid"], server.pid());
    assert_eq!(count(&["./*", "--pid", &pid, "--type", "dgram"]), 0);
    let me = rustix::process::geteuid().as_raw();
    assert_eq!(count(&["./*", "--user", &me.to_string()]), 3);
    assert_eq!(count(&["./*", "--user", "4000000000"]), 0);
    let names: Vec<String> =
        rows(&scene, &["./*"]).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.is_sorted() && names.len() == 3, "{names:?}");
    server.kill();
}

#[test]
fn without_a_match_there_are_only_titles() {
    let scene = Scene::new();
    let titles = "NAME  TYPE  BACKLOG  CLIENTS  PID  COMMAND  USER\n";
    scene.lsock(["ls", scene.word()]).run().silent().output(titles);
    scene.lsock(["ls", "--json", scene.word()]).run().silent().output("");
}

#[test]
fn wrong_options_are_refused() {
    let scene = Scene::new();
    scene.expect_wrong_usage(
        &["ls"],
        &[
            (&["a[b"], "invalid pattern `a[b`"),
            (&["ns-hex:1"], "ns-hex:1"),
            (&["--pid", "0"], "--pid"),
            (&["--type", "raw"], "seqpacket"),
            (&["--user", "nobody-has-this-name"], "nobody-has-this-name"),
            (&["--stale", ".", "--pid", "1"], "--pid"),
        ],
    );
    let ended = scene.command("true").start();
    let pid = ended.pid().to_string();
    ended.end().ok();
    scene.lsock(["ls", "--pid", &pid]).run().fails(1).says("there is none");
}

/// Another user may see the socket, and not its process.
#[test]
fn what_this_user_may_not_see_is_left_out_and_said_once() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    let _listener = UnixListener::bind(scene.path("one")).unwrap();
    let _other = UnixListener::bind(scene.path("two")).unwrap();
    let ls = || scene.command(&lsock).args(["ls", "--json", "./*"]).user(NOBODY);
    let outcome = ls().run().ok().says("2 sockets may belong to processes");
    // Sockets of other tests with relative paths may match.
    let lines = outcome.stderr.lines().filter(|line| !line.contains("relative path"));
    assert_eq!(lines.count(), 1, "{}", outcome.stderr);
    for row in rows_of(&outcome) {
        assert_eq!(row["server"]["processes"].as_array().unwrap().len(), 0);
        assert_eq!(row["server"]["creator"]["uid"], 0);
    }
    ls().arg("-q").run().silent();
    // The processes of the user are seen.
    let own = UnixListener::bind(scene.path("own")).unwrap();
    let holder = scene.command("tail").args(["-f", "/dev/null"]).stdin(OwnedFd::from(own));
    let holder = holder.user(NOBODY).start();
    let ls = scene.command(&lsock).args(["ls", "--json", "-q", "./own"]).user(NOBODY);
    let found = rows_of(&ls.run().silent());
    assert_eq!(found[0]["server"]["processes"][0]["pid"], holder.pid());
}

/// A pattern for paths cannot match them; a pattern for the last part of paths does.
#[test]
fn relative_paths_of_unknown_folders_are_listed_or_said_once() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    // The folder of the server is its current one, and its file is in another one.
    let name = format!("{}.sock", scene.word());
    std::fs::create_dir(scene.path("d")).unwrap();
    let script = r#"cd d && exec "$0" listen -v "./$1" -k -- cat"#;
    let server = scene.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock"), &name]);
    let server = server.start_listening();
    let ls = |pattern: &str| {
        scene.command(&lsock).args(["ls", "--json", pattern]).user(NOBODY).run().ok()
    };
    let listed = ls(&name);
    assert_eq!(rows_of(&listed)[0]["note"], "folder unknown", "{}", listed.report());
    let folder = scene.path("d").into_os_string().into_string().unwrap();
    for pattern in
        [format!("{folder}/*.sock"), format!("fs:{folder}/{name}"), format!("./d/{name}")]
    {
        // Sockets of other tests may match as well.
        let outcome = ls(&pattern).output("").says(" with a relative path may match as well");
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    }
    server.kill();
}

/// The width of a terminal cuts nothing off.
#[test]
fn a_long_name_has_its_own_line_at_a_terminal() {
    if !has("script") {
        return;
    }
    let scene = Scene::new();
    let name = format!("{}-{}", scene.word(), "x".repeat(60));
    let server = scene.listen(&format!("@{name}")).start_listening();
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let line = format!("stty rows 24 cols 60; {lsock} ls @{}*", scene.word());
    let outcome = scene.command("script").args(["-qec", &line, "/dev/null"]).run().ok();
    let text = outcome.stdout_text().replace('\r', "");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], format!("@{name}"), "{text}");
    assert!(lines[2].starts_with("        ") && lines[2].contains("lsock"), "{text}");
    assert_eq!(lines.len(), 3);
    server.kill();
}
