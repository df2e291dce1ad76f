//! Jobs of an interactive shell: a job in the background does not read the terminal.

use super::shell;
use crate::harness::{Pty, Scene};

/// It would be stopped by SIGTTIN otherwise.
#[test]
fn a_job_in_the_background_serves_and_reads_what_is_typed_in_the_foreground() {
    for line in ["lsock listen -k ./s", "lsock relay ./s -", "lsock listen -k --broadcast ./s"] {
        let scene = Scene::new();
        let pty = Pty::open();
        let Some(bash) = shell(&scene, &pty) else { return };
        pty.type_keys(format!("{line} &\r"));
        pty.wait_for_screen("listening on ./s");
        let mut client = scene.wire("./s");
        if !line.contains("broadcast") {
            client.send("from the client\n");
            pty.wait_for_screen("from the client\r\n");
        }
        // The shell reads it.
        pty.type_keys("echo by the she''ll; jobs\r");
        pty.wait_for_screen("by the shell\r\n");
        pty.wait_for_screens("Running", 1);
        assert!(!pty.shown().contains("Stopped"), "{:?}", pty.shown());
        pty.type_keys("fg\r");
        pty.wait_for_screens(line, 3);
        pty.type_keys("to the client\r");
        client.expect("to the client\n");
        // Ctrl+C.
        drop(client);
        pty.type_keys("\x03");
        pty.wait_for_screens("READY> ", 4);
        pty.type_keys("exit 0\r");
        bash.end().ok();
    }
}

/// The shell has the terminal, and its mode.
#[test]
fn raw_mode_begins_when_a_job_comes_to_the_foreground() {
    let scene = Scene::new();
    let pty = Pty::open();
    let (host, _) = scene.host("./s");
    let Some(bash) = shell(&scene, &pty) else { return };
    pty.type_keys("echo $$ > pid; lsock connect --raw ./s & \r");
    let mut server = host.accept();
    server.send("in the background\n");
    pty.wait_for_screen("in the background\r\n");
    pty.type_keys("echo by the she''ll\r");
    pty.wait_for_screen("by the shell\r\n");
    pty.type_keys("fg\r");
    pty.wait_for_screens("lsock connect --raw ./s", 2);
    pty.wait_for_raw_mode(true);
    pty.type_keys("\x03");
    server.expect("\x03");
    pty.type_keys("\x1d");
    server.expect_rest("");
    pty.wait_for_screen("left the connection\r\n");
    pty.type_keys("stty -a | grep -o ' icanon'; exit 0\r");
    pty.wait_for_screen("\r icanon\r\n");
    bash.end().ok();
}

/// As by `kill -TSTP` from another terminal.
#[test]
fn a_stopped_session_continues_in_the_background_and_in_the_foreground() {
    let scene = Scene::new();
    let pty = Pty::open();
    let (host, _) = scene.host("./s");
    let Some(bash) = shell(&scene, &pty) else { return };
    pty.type_keys("sh -c 'echo $$ > pid; exec lsock connect --raw ./s'\r");
    let mut server = host.accept();
    pty.wait_for_raw_mode(true);
    pty.wait_for_screen("^] leaves");
    let pid = std::fs::read_to_string(scene.path("pid")).unwrap();
    scene.command("kill").args(["-TSTP", pid.trim()]).run().ok();
    pty.wait_for_screen("Stopped");
    pty.type_keys("bg\r");
    pty.wait_for_screens("READY> ", 3);
    server.send("in the background\n");
    pty.wait_for_screen("in the background\r\n");
    pty.type_keys("echo by the she''ll\r");
    pty.wait_for_screen("by the shell\r\n");
    pty.type_keys("fg\r");
    pty.wait_for_raw_mode(true);
    pty.type_keys("\x03\x1d");
    server.expect_rest("\x03");
    pty.wait_for_screen("left the connection\r\n");
    pty.type_keys("exit 0\r");
    bash.end().ok();
}
