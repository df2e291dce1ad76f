//! What was typed and not sent when the peer closes.

use super::shell;
use crate::harness::{Pty, Scene};

/// The shell would run what was meant for the server.
#[test]
fn half_a_line_does_not_reach_the_shell_when_the_server_closes() {
    for (line, peer) in [
        ("lsock connect ./s", "peer"),
        ("lsock connect --raw ./s", "peer"),
        ("lsock relay - ./s", "target"),
    ] {
        let scene = Scene::new();
        let pty = Pty::open();
        let (host, _) = scene.host("./s");
        let Some(bash) = shell(&scene, &pty) else { return };
        pty.type_keys(format!("{line}\r"));
        let mut server = host.accept();
        server.send("hello\n");
        pty.wait_for_screen("hello");
        pty.type_keys("touch evil");
        if line.contains("--raw") {
            server.expect("touch evil");
        } else {
            pty.wait_for_screen("touch evil");
        }
        drop(server);
        pty.wait_for_screen(&format!("\r\nlsock: the {peer} has closed the connection\r\n"));
        pty.type_keys("\rtouch good; exit\r");
        bash.end().ok();
        assert_eq!(scene.files(), ["good", "s"], "{line}: {:?}", pty.shown());
    }
}

#[test]
fn the_client_of_a_listener_that_closes_is_a_peer_as_well() {
    for (line, peer) in [("lsock listen ./l", "peer"), ("lsock relay --once ./l -", "client")] {
        let scene = Scene::new();
        let pty = Pty::open();
        let Some(bash) = shell(&scene, &pty) else { return };
        pty.type_keys(format!("{line}\r"));
        pty.wait_for_screen("listening on ./l");
        let mut client = scene.wire("./l");
        client.send("hello\n");
        pty.wait_for_screen("hello");
        pty.type_keys("touch evil");
        pty.wait_for_screen("touch evil");
        drop(client);
        pty.wait_for_screen(&format!("lsock: the {peer} has closed the connection\r\n"));
        pty.type_keys("\rtouch good; exit\r");
        bash.end().ok();
        assert_eq!(scene.files(), ["good"], "{line}: {:?}", pty.shown());
    }
}

/// With --recv-only nothing is typed for the peer.
#[test]
fn what_is_typed_for_the_shell_stays() {
    let scene = Scene::new();
    let pty = Pty::open();
    let (host, _) = scene.host("./s");
    let Some(bash) = shell(&scene, &pty) else { return };
    pty.type_keys("lsock connect --recv-only ./s\r");
    let mut server = host.accept();
    server.send("hello\n");
    pty.wait_for_screen("hello");
    pty.type_keys("touch good; exit\r");
    drop(server);
    bash.end().ok();
    assert_eq!(scene.files(), ["good", "s"]);
    assert!(!pty.shown().contains("has closed"), "{:?}", pty.shown());
}

#[test]
fn a_script_is_not_told_that_the_peer_has_closed() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let client = scene.connect("./s").open_input().start();
    let mut server = host.accept();
    server.send("hello");
    drop(server);
    client.end().silent().output("hello");
}
