//! `--ready-fd`, `--ready-file` and `NOTIFY_SOCKET`: programs are notified when clients can connect.

use crate::harness::{Cmd, DEADLINE, NOBODY, Scene, is_root, signal, wait_for_file};
use rustix::process::Signal;
use std::{
    fs,
    io::ErrorKind,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixDatagram,
    },
    thread,
    time::Duration,
};

/// `lsock listen ./s --ready-fd 3`, with standard output as descriptor 3.
fn listen_with_ready_fd(scene: &Scene) -> Cmd {
    let script = r#"exec 3>&1 >/dev/null; exec "$0" "$@""#;
    scene.shell(script).args(["listen", "./s", "--ready-fd", "3"])
}

/// lsock with `--ready-file ready` after the first argument, the command.
fn with_ready_file(scene: &Scene, args: &[&str]) -> Cmd {
    scene.lsock([args[0], "--ready-file", "ready"]).args(&args[1..])
}

#[test]
fn ready_fd_gets_the_name_as_one_line_and_is_closed() {
    let scene = Scene::new();
    for _ in 0..5 {
        let mut server = listen_with_ready_fd(&scene).input("hi").start();
        server.wait_for_end_of_output("./s\n");
        assert!(server.is_running());
        scene.connect("./s").run().silent().output("hi");
        server.end().silent();
    }
}

#[test]
fn ready_fd_is_not_passed_on_to_commands() {
    let scene = Scene::new();
    let server = listen_with_ready_fd(&scene).args(["--", "cat"]).start();
    let _client = scene.wire("./s");
    server.wait_for_end_of_output("./s\n");
}

#[test]
fn ready_fd_can_be_stdout_where_no_data_goes_to_it() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let servers: [&[&str]; 3] = [
        &["listen", "./s", "--", "cat"],
        &["listen", "./s", "-k", "--trace", "--", "cat"],
        &["relay", "./s", &target],
    ];
    for args in servers {
        let server = scene.lsock([args[0], "--ready-fd=1"]).args(&args[1..]).start();
        // The end of file: a program reads the output to its end.
        server.wait_for_end_of_output("./s\n");
        scene.wire("./s").expect_echo("hi");
        if args.contains(&"-k") || args[0] == "relay" {
            server.terminate();
        } else {
            server.end().ok();
        }
    }
    let scene = Scene::new();
    let why = "--ready-fd 1: what is received is written to stdout";
    scene.expect_wrong_usage(
        &["listen", "./s", "--ready-fd=1"],
        &[(&[], why), (&["-k"], why), (&["-k", "--merge"], why), (&["-k", "--broadcast"], why)],
    );
    scene.lsock(["relay", "./s", "-", "--ready-fd=1"]).run().fails(2).says(why);
    let closed = scene.shell(r#"exec "$0" listen ./s --ready-fd 1 -- cat >&-"#);
    closed.run().fails(2).says("--ready-fd 1: standard output was closed");
    scene.expect_empty();
}

#[test]
fn a_bad_ready_fd_is_wrong_usage() {
    let scene = Scene::new();
    for number in ["0", "1", "2", "256", "-1", "99", "x", "", "99999999999"] {
        let arg = format!("--ready-fd={number}");
        scene.lsock(["listen", "./s", &arg]).run().fails(2).says("--ready-fd");
    }
    scene.expect_empty();
}

#[test]
fn a_ready_fd_that_cannot_be_written_to_is_status_1() {
    let scene = Scene::new();
    let shell = scene.shell(r#"exec 3</dev/null; exec "$0" "$@""#);
    shell.args(["listen", "./s", "--ready-fd", "3"]).run().fails(1).says("--ready-fd");
    scene.expect_empty();
}

/// Listens with `NOTIFY_SOCKET` and expects the notification.
fn expect_notification(scene: &Scene, socket: &UnixDatagram, variable: &str) {
    let server = scene.lsock(["listen", "./s"]).env("NOTIFY_SOCKET", variable);
    let server = server.input("hi").start();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut buffer = [0; 1000];
    let length = loop {
        match socket.recv(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            received => break received.unwrap(),
        }
    };
    assert_eq!(buffer[..length].escape_ascii().to_string(), "READY=1");
    scene.connect("./s").run().silent().output("hi");
    server.end().silent();
}

#[test]
fn a_notify_socket_in_a_folder_is_notified() {
    let scene = Scene::new();
    let path = scene.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    expect_notification(&scene, &socket, path.to_str().unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_notify_socket_with_an_abstract_name_is_notified() {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
    let scene = Scene::new();
    let address = SocketAddr::from_abstract_name(scene.word()).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    expect_notification(&scene, &socket, &format!("@{}", scene.word()));
}

#[test]
fn a_missing_notify_socket_is_a_warning() {
    let scene = Scene::new();
    let server = scene.listen("./s").env("NOTIFY_SOCKET", "/nowhere/at/all");
    let server = server.input("hi").start_listening();
    scene.connect("./s").run().silent().output("hi");
    server.end().ok().says("warning: ").says("NOTIFY_SOCKET");
}

#[test]
fn a_ready_file_that_is_no_regular_file_is_wrong_usage() {
    let scene = Scene::new();
    scene.command("mkfifo").arg("fifo").run().ok();
    symlink("elsewhere", scene.path("link")).unwrap();
    for (file, why) in [
        ("fifo", "not a regular file"),
        ("link", "symbolic link"),
        ("/dev/null", "not a regular file"),
        ("s", "the socket itself"),
        ("fifo/", "folder"),
    ] {
        scene.lsock(["listen", "./s", "--ready-file", file]).run().fails(2).says(why).output("");
    }
    assert_eq!(scene.files(), ["fifo", "link"]);
}

#[test]
fn a_ready_file_in_a_folder_without_permission_is_wrong_usage() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    let args = ["listen", "@nobody", "--ready-file", "ready"];
    let outcome = scene.command(&lsock).args(args).user(NOBODY).run().fails(2);
    outcome
        .says("cannot use ready for --ready-file: permission denied")
        .says("hint: choose a folder");
    assert_eq!(scene.files(), ["lsock"]);
}

#[test]
fn each_signal_removes_the_ready_file_with_the_name() {
    let scene = Scene::new();
    let commands: [&[&str]; 4] = [
        &["listen", "./s"],
        &["listen", "./s", "-k"],
        &["listen", "-k", "./s", "--", "cat"],
        &["relay", "./s", "./t"],
    ];
    for args in commands {
        for number in [Signal::TERM, Signal::INT] {
            let server = with_ready_file(&scene, args).open_input().start();
            wait_for_file(&scene.path("ready"));
            signal(&server, number);
            server.end().died_of(number);
            scene.expect_empty();
        }
    }
}

#[test]
fn a_signal_during_the_start_removes_the_ready_file() {
    let scene = Scene::new();
    let commands: [&[&str]; 3] =
        [&["listen", "./s"], &["relay", "./s", "./t"], &["listen", "-k", "./s", "--", "cat"]];
    for args in commands {
        for number in 0..40 {
            let server = with_ready_file(&scene, args).open_input().start();
            wait_for_file(&scene.path("s"));
            // Time is the subject: each round sends the signal at another moment of the start.
            thread::sleep(Duration::from_micros(number * 50));
            server.terminate();
            scene.expect_empty();
        }
    }
}

#[test]
fn a_signal_before_clients_can_connect_leaves_the_file_of_an_earlier_run() {
    let scene = Scene::new();
    let commands: [&[&str]; 2] = [&["listen", "./s"], &["relay", "./s", "./t"]];
    for args in commands {
        for number in 0..100 {
            fs::write(scene.path("ready"), "earlier\n").unwrap();
            let server = with_ready_file(&scene, args).arg("-v").open_input().start();
            // Time is the subject: each round sends the signal at another moment of the start.
            thread::sleep(Duration::from_micros(number * 40));
            let outcome = server.terminate();
            // The file is replaced, and then removed, only if lsock has come to listen.
            if scene.files().is_empty() {
                outcome.says("listening on");
            } else {
                assert_eq!(scene.files(), ["ready"], "{}", outcome.report());
                assert_eq!(fs::read_to_string(scene.path("ready")).unwrap(), "earlier\n");
            }
        }
    }
}

#[test]
fn a_ready_file_without_write_permission_is_wrong_usage() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(scene.path("ready"), "earlier\n").unwrap();
    fs::set_permissions(scene.path("ready"), fs::Permissions::from_mode(0o444)).unwrap();
    let args = ["listen", "@nobody", "--ready-file", "ready"];
    let outcome = scene.command(&lsock).args(args).user(NOBODY).run().fails(2);
    outcome
        .says(
            "cannot use ready for --ready-file: the file cannot be written to: permission denied\n",
        )
        .says("hint: choose another name");
    assert_eq!(scene.files(), ["lsock", "ready"]);
}

#[test]
fn a_ready_file_on_a_full_disk_is_status_1() {
    let scene = Scene::new();
    for args in [&["listen", "./s"][..], &["listen", "-k", "./s", "--", "cat"]] {
        let args = [&[args[0], "--ready-file", "ready"], &args[1..]].concat();
        let server = scene.limited("-f 0", args);
        server.run().fails(1).says("cannot write to ready: file too large");
        scene.expect_empty();
    }
}

#[test]
fn a_server_that_is_taken_over_leaves_the_ready_file_of_the_new_one() {
    let scene = Scene::new();
    let args = ["listen", "-k", "./s", "--ready-file", "ready", "--", "cat"];
    let old = scene.lsock(args).start();
    wait_for_file(&scene.path("ready"));
    let new = scene.lsock(["listen", "-v", "-k", "./s", "--ready-file", "ready", "--replace"]);
    let new = new.start_listening();
    old.terminate();
    assert_eq!(scene.files(), ["ready", "s"]);
    new.terminate();
    scene.expect_empty();
}

/// Programs that wait for readiness in different ways can be combined.
#[test]
fn the_ready_file_exists_before_the_other_notifications() {
    let scene = Scene::new();
    let server = listen_with_ready_fd(&scene).args(["--ready-file", "ready"]).start();
    server.wait_for_end_of_output("./s\n");
    assert_eq!(fs::read_to_string(scene.path("ready")).unwrap(), "./s\n");
    scene.connect("./s").run().silent();
    server.end().silent();
}
