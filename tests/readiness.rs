//! `--ready-fd` and `NOTIFY_SOCKET`: programs are notified when clients can connect.

use crate::harness::{Cmd, DEADLINE, Scene};
use std::{io::ErrorKind, os::unix::net::UnixDatagram};

/// `lsock listen ./s --ready-fd 3`, with standard output as descriptor 3.
fn listen_with_ready_fd(scene: &Scene) -> Cmd {
    let script = r#"exec 3>&1 >/dev/null; exec "$0" "$@""#;
    scene.shell(script).args(["listen", "./s", "--ready-fd", "3"])
}

#[test]
fn ready_fd_gets_one_newline_and_is_closed() {
    let scene = Scene::new();
    for _ in 0..5 {
        let mut server = listen_with_ready_fd(&scene).input("hi").start();
        server.wait_for_end_of_output("\n");
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
    server.wait_for_end_of_output("\n");
}

#[test]
fn a_bad_ready_fd_is_wrong_usage() {
    let scene = Scene::new();
    for number in ["0", "1", "2", "-1", "99", "x", "", "99999999999"] {
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
