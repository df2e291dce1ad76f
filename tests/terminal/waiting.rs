//! A person is told what lsock waits for.

use crate::harness::{Pty, Scene};

fn told(args: &str, message: &str, starts: bool) {
    let scene = Scene::new();
    let pty = Pty::open();
    let script = format!(r#"exec "$0" {args} 2>&0"#);
    let lsock = scene.shell(&script).at(&pty).start();
    pty.wait_for_screen(&format!("lsock: {message}\r\n"));
    if starts {
        let (host, _) = scene.host("./s");
        drop(host.accept());
        lsock.end();
    } else {
        lsock.kill();
    }
    assert_eq!(pty.shown().matches("waiting").count(), 1, "{:?}", pty.shown());
}

#[test]
fn a_person_is_told_that_wait_waits_for_a_server() {
    told("connect --wait ./s", "waiting: nobody listens on ./s yet", true);
    told("connect --wait ./s -- cat", "waiting: nobody listens on ./s yet", false);
    told("relay --wait - ./s", "waiting: nobody listens on ./s yet", true);
    told("connect --recv-only --reconnect --wait ./s", "waiting: nobody listens on ./s yet", false);
}

#[test]
fn a_person_is_told_that_a_relay_waits_for_a_full_backlog() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    host.backlog(0);
    let _first = scene.wire(&name);
    let pty = Pty::open();
    let lsock = scene.shell(r#"exec "$0" relay - ./s 2>&0"#).at(&pty).start();
    pty.wait_for_screen("lsock: waiting: ./s has not accepted the connection yet\r\n");
    lsock.kill();
}

#[test]
fn a_script_is_not_told_that_lsock_waits() {
    let scene = Scene::new();
    for args in [&["connect", "./s"][..], &["relay", "-", "./s"]] {
        scene.lsock(args).arg("--wait=1300ms").run().fails(4).does_not_say("waiting");
    }
}
