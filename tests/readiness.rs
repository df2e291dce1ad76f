//! Telling others that clients can connect.

use crate::harness::Scene;
use std::{os::unix::net::UnixDatagram, time::Duration};

/// Runs lsock with descriptor 3 in place of its standard output.
const FD_3: &str = r#"exec 3>&1 >/dev/null; exec "$0" "$@""#;

#[test]
fn ready_fd_gets_one_newline_and_is_closed() {
    let scene = Scene::new();
    for _ in 0..5 {
        let shell = scene.shell(FD_3);
        let mut server = shell.args(["listen", "./s", "--ready-fd", "3"]).input("hi").start();
        server.wait_for_end_of_output("\n");
        assert!(server.is_running());
        // No --wait: it is ready.
        scene.connect("./s").run().silent().output("hi");
        server.end().silent();
    }
}

#[test]
fn ready_fd_is_not_passed_on_to_commands() {
    let scene = Scene::new();
    let shell = scene.shell(FD_3);
    let args = ["listen", "./s", "--ready-fd", "3", "--", "sleep", "600"];
    let server = shell.args(args).start();
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
fn a_ready_fd_that_cannot_be_written_to_is_an_error() {
    let scene = Scene::new();
    let script = r#"exec 3</dev/null; exec "$0" "$@""#;
    let shell = scene.shell(script);
    shell.args(["listen", "./s", "--ready-fd", "3"]).run().fails(1).says("--ready-fd");
    scene.expect_empty();
}

fn receive(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let mut buffer = [0; 1000];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn notify_socket_is_told() {
    let scene = Scene::new();
    let socket = UnixDatagram::bind(scene.path("notify")).unwrap();
    let server = scene.lsock(["listen", "./s"]).env("NOTIFY_SOCKET", scene.path("notify"));
    let server = server.input("hi").start();
    assert_eq!(receive(&socket), "READY=1");
    scene.connect("./s").run().silent().output("hi");
    server.end().silent();
}

#[cfg(target_os = "linux")]
#[test]
fn notify_socket_may_be_abstract() {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
    let scene = Scene::new();
    let address = SocketAddr::from_abstract_name(scene.word()).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    let variable = format!("@{}", scene.word());
    let server = scene.lsock(["listen", "./s"]).env("NOTIFY_SOCKET", variable);
    let server = server.input("hi").start();
    assert_eq!(receive(&socket), "READY=1");
    scene.connect("./s").run().silent().output("hi");
    server.end().silent();
}

#[test]
fn a_missing_notify_socket_is_a_warning() {
    let scene = Scene::new();
    let server = scene.listen("./s").env("NOTIFY_SOCKET", "/nowhere/at/all");
    let server = server.input("hi").start_listening();
    scene.connect("./s").run().silent().output("hi");
    server.end().ok().says("warning: ").says("NOTIFY_SOCKET");
}
