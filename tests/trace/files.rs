//! The file of a trace.

use super::{Events, JSON};
use crate::harness::Scene;
use std::fs;

#[test]
fn the_file_is_overwritten_when_the_command_has_what_it_needs() {
    let scene = Scene::new();
    let word = scene.word();
    let path = scene.path("t");
    fs::write(&path, "earlier\n".repeat(1000)).unwrap();
    // Nobody listens.
    scene.connect(word).args(["--trace-file", "t"]).run().fails(3);
    assert!(fs::read_to_string(&path).unwrap().starts_with("earlier"));
    let server = scene.listen(word).args(JSON).arg("t").start_listening();
    scene.connect(word).input("hello").run().ok();
    server.end().ok().output("hello");
    Events::read(&path).expect(1, b"hello", b"");
}

#[cfg(unix)]
#[test]
fn a_second_server_does_not_touch_the_file_of_the_first_one() {
    let scene = Scene::new();
    let args = ["-k", "--trace=json", "--trace-file", "t"];
    let server = scene.listen("./s").args(args).open_input().start_listening();
    scene.connect("./s").arg("--send-only").input("one").run().ok();
    server.wait_for_output("one");
    scene.listen("./s").args(args).run().fails(3);
    scene.connect("./s").arg("--send-only").input("two").run().ok();
    server.wait_for_output("onetwo");
    drop(server);
    let events = Events::read(&scene.path("t"));
    assert_eq!(events.bytes(1, "to_server"), b"one");
    assert_eq!(events.bytes(2, "to_server"), b"two");
}

#[cfg(unix)]
#[test]
fn only_this_user_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    fs::write(scene.path("old"), "").unwrap();
    fs::set_permissions(scene.path("old"), fs::Permissions::from_mode(0o644)).unwrap();
    for file in ["new", "old"] {
        let server = scene.listen("./s").args(["--trace-file", file]).start_listening();
        let mode = fs::metadata(scene.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        drop(server);
    }
}

#[cfg(unix)]
#[test]
fn standard_streams_are_no_files() {
    let scene = Scene::new();
    for option in ["--trace-file", "--record"] {
        for (path, text) in [
            ("/dev/stdin", "it is standard input"),
            ("/dev/stdout", "it is standard output"),
            ("/dev/stderr", "it is standard error"),
        ] {
            scene.listen("./s").args([option, path]).input("").run().fails(2).says(text).output("");
        }
    }
    // All can write to the null device.
    let args = ["--trace-file", "/dev/null", "--record", "/dev/null"];
    let script = r#"exec "$@" </dev/null >/dev/null"#;
    let server = scene.command("sh").args(["-c", script, "sh", env!("CARGO_BIN_EXE_lsock")]);
    let server = server.args(["listen", "-v", "./s"]).args(args).start_listening();
    scene.connect("./s").input("hello").run().ok();
    server.end().ok();
}

/// Each of them would destroy what is in the other.
#[test]
fn the_files_that_are_written_are_different_ones() {
    let scene = Scene::new();
    let word = scene.word();
    fs::write(scene.path("old"), "earlier").unwrap();
    fs::hard_link(scene.path("old"), scene.path("hard")).unwrap();
    let absolute = scene.path("new").into_os_string().into_string().unwrap();
    let mut pairs = vec![("old", "./old"), ("old", "hard"), ("new", "./new"), ("new", &absolute)];
    if cfg!(unix) {
        pairs.extend([("old", "link"), ("link", "hard")]);
        #[cfg(unix)]
        std::os::unix::fs::symlink("old", scene.path("link")).unwrap();
    }
    let refused = |options: [&str; 2], files: (&str, &str)| {
        let args = [options[0], files.0, options[1], files.1];
        let text = format!("{} and {} cannot share a file", options[0], options[1]);
        scene.listen(word).args(args).run().fails(2).says(&text).output("");
        assert_eq!(fs::read_to_string(scene.path("old")).unwrap(), "earlier");
        assert!(!scene.path("new").exists());
    };
    for (one, other) in pairs {
        refused(["--trace-file", "--record"], (one, other));
        refused(["--trace-file", "--record"], (other, one));
        refused(["--record", "--ready-file"], (one, other));
        refused(["--trace-file", "--ready-file"], (one, other));
    }
    let server = scene.listen(word).args(["--trace-file", "one", "--record", "two"]);
    let server = server.args(["--ready-file", "three"]).start_listening();
    scene.connect(word).run().ok();
    server.end().ok();
}

/// The target of the link is created for the first of them.
#[cfg(unix)]
#[test]
fn a_link_to_nothing_leads_to_the_same_file() {
    let scene = Scene::new();
    std::os::unix::fs::symlink("new", scene.path("link")).unwrap();
    for files in [["new", "link"], ["link", "new"]] {
        let args = ["--trace-file", files[0], "--record", files[1]];
        let outcome = scene.listen("./s").args(args).run().fails(2);
        outcome.says("--trace-file and --record cannot share a file");
        assert_eq!(fs::read(scene.path("new")).unwrap(), b"");
        fs::remove_file(scene.path("new")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_warning_and_traffic_goes_on() {
    let scene = Scene::new();
    for option in ["--trace-file", "--record"] {
        let (_echo, target) = scene.echo("./t");
        let relay = scene.relay("./s", &target).args([option, "/dev/full", "--once"]);
        let relay = relay.start_listening();
        let mut client = scene.wire("./s");
        for round in 0..100 {
            client.send(format!("{round:04}"));
            client.expect(format!("{round:04}"));
        }
        client.end();
        client.expect_rest("");
        let warning = "warning: cannot write to /dev/full: ";
        let relay = relay.end().ok().says(warning);
        assert_eq!(relay.stderr.matches(warning).count(), 1, "{}", relay.stderr);
        fs::remove_file(scene.path("t")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_that_does_not_fit_ends_with_a_whole_event() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let args = ["relay", "-v", "--once", "--trace=json", "--trace-file", "f", "./s", &target];
    let relay = scene.limited("-f 8", args).start_listening();
    scene.wire("./s").expect_echo("0123456789".repeat(10_000));
    relay.end().ok().says("cannot write to f: ");
    let events = Events::read(&scene.path("f"));
    assert!(!events.0.is_empty());
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_leaves_what_it_has_seen() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(JSON).arg("f").start_listening();
    let mut client = scene.wire("./s");
    client.send("hello");
    client.expect("hello");
    relay.kill();
    let events = Events::read(&scene.path("f"));
    assert_eq!(events.bytes(1, "to_server"), b"hello");
    assert_eq!(events.bytes(1, "to_client"), b"hello");
}
