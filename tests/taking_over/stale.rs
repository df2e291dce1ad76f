//! Socket files that nobody listens on, and the lock that protects taking one over.

use super::{expect_server, is_socket, leave_stale_file, start_server};
use crate::harness::Scene;
use std::{fs, os::unix::net::UnixListener, process};

#[test]
fn a_stale_file_is_taken_over_and_removed_at_the_end() {
    let scene = Scene::new();
    leave_stale_file(&scene);
    let server = scene.listen("./s").input("here").start_listening();
    scene.connect("./s").run().silent().output("here");
    server.end().ok();
    scene.expect_empty();
}

#[test]
fn the_file_of_a_killed_server_is_taken_over() {
    let scene = Scene::new();
    for word in ["first", "second", "third"] {
        let server = start_server(&scene, &[], word);
        expect_server(&scene, word);
        server.kill();
        assert_eq!(scene.files(), ["s"]);
    }
    scene.connect("./s").run().fails(3).says("refused");
    let (_serving, target) = scene.echo("tcp:127.0.0.1:0");
    for _ in 0..5 {
        let relay = scene.relay("./s", &target).start_listening();
        let mut client = scene.served_wire("./s");
        relay.kill();
        assert_eq!(client.rest_whatever_happens(), b"");
        assert_eq!(scene.files(), ["s"]);
    }
}

/// Another server, or a user, has put a file in place of the removed socket.
#[test]
fn a_foreign_file_under_the_name_is_left() {
    let scene = Scene::new();
    for args in
        [&["listen", "-v", "./s", "-k", "--", "cat"][..], &["relay", "-v", "./s", "exec:cat"]]
    {
        for foreign in ["nothing", "a socket", "a file"] {
            let server = scene.lsock(args).start_listening();
            let mut client = scene.served_wire("./s");
            fs::remove_file(scene.path("s")).unwrap();
            let _listener =
                (foreign == "a socket").then(|| UnixListener::bind(scene.path("s")).unwrap());
            if foreign == "a file" {
                fs::write(scene.path("s"), "precious").unwrap();
            }
            client.expect_echo("still");
            server.terminate();
            match foreign {
                "nothing" => scene.expect_empty(),
                "a socket" => assert!(is_socket(&scene.path("s"))),
                _ => assert_eq!(fs::read_to_string(scene.path("s")).unwrap(), "precious"),
            }
            let _ = fs::remove_file(scene.path("s"));
        }
    }
}

/// Without a command the listener uses blocking threads.
#[test]
fn a_foreign_file_under_the_name_of_a_listener_without_a_command_is_left() {
    let scene = Scene::new();
    for args in [&[][..], &["-k"]] {
        let server = scene.listen("./s").args(args).start_listening();
        fs::remove_file(scene.path("s")).unwrap();
        fs::write(scene.path("s"), "precious").unwrap();
        server.terminate();
        assert_eq!(fs::read_to_string(scene.path("s")).unwrap(), "precious");
        fs::remove_file(scene.path("s")).unwrap();
    }
}

/// Any process that may read the folder can lock it. A free name does not need the lock; for a
/// stale one the error says who holds it.
#[test]
fn the_error_names_the_process_that_holds_the_lock() {
    let scene = Scene::new();
    let lock = fs::File::open(scene.folder()).unwrap();
    lock.lock().unwrap();
    let server = start_server(&scene, &[], "x");
    expect_server(&scene, "x");
    server.kill();
    // Fails after ten seconds.
    let outcome = scene.lsock(["listen", "./s"]).run().fails(3).says("hint: ");
    let holder = if cfg!(target_os = "linux") {
        format!("another process holds the lock of the folder .: pid {} (", process::id())
    } else {
        "another process holds the lock of the folder .".to_owned()
    };
    outcome.says(&holder);
    assert_eq!(scene.files(), ["s"]);
    drop(lock);
    let _server = start_server(&scene, &[], "y");
    expect_server(&scene, "y");
}

/// Earlier versions used this name for a lock file; a FIFO would block whoever opens it.
#[test]
fn a_file_beside_the_socket_is_not_touched() {
    let scene = Scene::new();
    scene.command("mkfifo").arg(".s.claim").run().ok();
    leave_stale_file(&scene);
    let server = start_server(&scene, &[], "x");
    expect_server(&scene, "x");
    let successor = start_server(&scene, &["--replace"], "y");
    expect_server(&scene, "y");
    server.terminate();
    successor.terminate();
    assert_eq!(scene.files(), [".s.claim"]);
}
