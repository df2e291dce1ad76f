//! `connect --pass-connection`: the process at the other end of stdout gets the connection itself.

use super::receive;
use crate::harness::{Cmd, Scene, Wire, data};
use std::os::{
    fd::OwnedFd,
    unix::net::{UnixDatagram, UnixStream},
};

fn connect(scene: &Scene, stdout: UnixStream) -> Cmd {
    scene.connect("./s").arg("--pass-connection").stdout(OwnedFd::from(stdout))
}

#[test]
fn the_receiver_of_stdout_gets_the_connection() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let (ours, theirs) = UnixStream::pair().unwrap();
    connect(&scene, theirs).args(["--wait=10s", "--server-user", "me"]).run().silent();
    let mut ours = Wire::Local(ours);
    let (bytes, fds) = receive(&ours, 100);
    assert_eq!(bytes, [0]);
    let [connection] = <[OwnedFd; 1]>::try_from(fds).unwrap();
    // lsock has ended: it keeps nothing open.
    ours.expect_rest("");
    let (mut client, mut server) = (Wire::Local(connection.into()), host.accept());
    let bytes = data(300_000);
    let serving = std::thread::spawn(move || {
        let received = server.rest();
        server.send(received);
    });
    assert!(client.exchange(&bytes) == bytes);
    serving.join().unwrap();
}

#[test]
fn stdout_has_to_be_a_unix_domain_socket_before_anything_is_opened() {
    let scene = Scene::new();
    let reason = "--pass-connection takes a Unix domain socket as stdout";
    // The status would be 3 if lsock had tried to connect.
    scene.connect("./absent").arg("--pass-connection").run().fails(2).output("").says(reason);
    let (_host, name) = scene.host("tcp:127.0.0.1:0");
    let Wire::Tcp(tcp) = scene.wire(&name) else { panic!("not TCP") };
    let connect = scene.connect("./absent").arg("--pass-connection");
    connect.stdout(OwnedFd::from(tcp)).run().fails(2).says(reason);
}

#[test]
fn datagrams_take_connections_as_well() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    scene.connect("./s").arg("--pass-connection").stdout(OwnedFd::from(theirs)).run().silent();
    let (bytes, fds) = receive(&Wire::Local(UnixStream::from(OwnedFd::from(ours))), 100);
    assert_eq!((bytes.len(), fds.len()), (1, 1));
    host.accept();
}

#[test]
fn a_receiver_that_has_gone_is_status_1() {
    let scene = Scene::new();
    let (_host, _) = scene.host("./s");
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    let outcome = connect(&scene, theirs).run().fails(1);
    outcome.says("cannot pass the connection over stdout: broken pipe");
}

#[test]
fn an_absent_server_is_status_3_and_nothing_is_passed() {
    let scene = Scene::new();
    let (ours, theirs) = UnixStream::pair().unwrap();
    connect(&scene, theirs).run().fails(3).says("cannot connect to ./s: no such file");
    Wire::Local(ours).expect_rest("");
}

#[test]
fn options_of_a_transfer_and_commands_are_refused() {
    let scene = Scene::new();
    let transfer =
        "cannot be combined with options of the transfer, --raw, --progress, --trace or --record";
    for (args, reason) in [
        (&["--send-only"][..], transfer),
        (&["--eof", "close"], transfer),
        (&["--idle-timeout", "1s"], transfer),
        (&["--max-time", "1s"], transfer),
        (&["--ignore-unread"], transfer),
        (&["--copy", "buffer"], transfer),
        (&["--progress=always"], transfer),
        (&["--trace"], transfer),
        (&["--record", "r"], transfer),
        (&["--", "cat"], "a command gets the connection itself already"),
    ] {
        let (_ours, theirs) = UnixStream::pair().unwrap();
        connect(&scene, theirs).args(args).run().fails(2).says(reason);
    }
    scene.expect_empty();
}

#[test]
fn the_plan_says_that_the_connection_is_passed() {
    let scene = Scene::new();
    let outcome = scene.connect("./s").args(["--pass-connection", "--explain"]).run().ok();
    outcome.prints("\npass it to   the process at the other end of standard output\n");
}
