//! Programs that people use with serial lines.

use crate::harness::{Scene, data, has};
use rustix::process::Signal;

/// socat, as the program at the terminal.
#[test]
fn socat_opens_the_terminal() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./s");
    let relay = scene.relay("pty:./tty", "./s").start_listening();
    let bytes = data(50_000);
    // It waits for the answer for 10 seconds after the end of its input, or until it is complete.
    let socat = scene.command("socat").args(["-t", "10", "-,ignoreeof", "./tty,raw,echo=0"]);
    let socat = socat.input(bytes.clone()).start();
    socat.wait_for_output(&bytes);
    drop(socat);
    relay.terminate().died_of(Signal::TERM);
}

/// The settings that a script makes first do not disturb the program that comes next.
#[test]
fn stty_sets_the_terminal() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./s");
    let relay = scene.relay("pty:./tty", "./s").start_listening();
    for _ in 0..10 {
        scene.command("stty").args(["-F", "tty", "9600", "raw", "-echo"]).run().ok();
        let mut line = scene.line("tty");
        line.send("AT\r");
        line.expect("AT\r");
    }
    relay.terminate().died_of(Signal::TERM);
}
