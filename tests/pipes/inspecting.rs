//! What Windows shows of pipes, and what it does not.

use crate::harness::{Scene, wine_lacks};

#[test]
fn options_for_what_windows_does_not_list_are_refused() {
    let scene = Scene::new();
    for option in [&["--all"][..], &["--pid", "4"], &["--user", "me"], &["--stale", "."]] {
        let outcome = scene.lsock(["ls"]).args(option).run().fails(2).output("");
        outcome.says(&format!("{} is not available: ", option[0]));
    }
}

#[test]
fn a_pipe_is_listed_by_its_name() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).start_listening();
    let listing = scene.lsock(["ls", "--json"]).run();
    if wine_lacks("the list of pipes") {
        listing.fails(1).output("").says("cannot list the sockets of the system: ");
    } else {
        listing.silent().prints(&format!(r"\\\\.\\pipe\\{}", scene.word()));
    }
    server.kill();
}

/// A tap renames the file of a server.
#[test]
fn a_pipe_cannot_be_tapped_and_the_relay_that_can_be_used_is_named() {
    let scene = Scene::new();
    let word = scene.word();
    for option in [None, Some("--restore")] {
        let outcome = scene.lsock(["tap", word]).args(option).run().fails(2).output("");
        outcome.says("a named pipe has no file that could be renamed");
    }
    let hint = format!(r"`lsock relay --trace OTHER \\.\pipe\{word}`");
    scene.lsock(["tap", word]).run().fails(2).says(&hint);
}

/// A recording begins with the block that names its format (pcapng).
#[test]
fn a_connection_through_a_pipe_is_recorded() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).args(["--record", "r"]).input("there");
    let server = server.start_listening();
    scene.connect(scene.word()).input("here").run().silent().output("there");
    server.end().ok().output("here");
    let recording = std::fs::read(scene.path("r")).unwrap();
    assert!(recording.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]), "{:?}", recording.get(..16));
    for bytes in [&b"there"[..], b"here"] {
        assert!(recording.windows(bytes.len()).any(|part| part == bytes), "{bytes:?}");
    }
}
