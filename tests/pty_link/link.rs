//! The symbolic link: what it replaces, and when it is removed.

use crate::harness::{Pty, Scene, wait_until};
use rustix::process::Signal;
use std::{fs, os::unix::fs::symlink};

/// The two sides of a relay, with the terminal as one of them.
const SIDES: [[&str; 2]; 2] = [["pty:./tty", "-"], ["tcp:127.0.0.1:0", "pty:./tty"]];

#[test]
fn a_link_of_a_killed_relay_is_replaced() {
    for [listen, target] in SIDES {
        let scene = Scene::new();
        let relay = scene.relay(listen, target).start_listening();
        let terminal = scene.terminal_of("tty");
        relay.kill().died_of(Signal::KILL);
        assert_eq!(scene.terminal_of("tty"), terminal);
        // The system's clock of files moves in steps of some milliseconds.
        let link = fs::symlink_metadata(scene.path("tty")).unwrap().modified().unwrap();
        wait_until("the clock of files has moved on", || {
            fs::write(scene.path("later"), "").unwrap();
            fs::metadata(scene.path("later")).unwrap().modified().unwrap() > link
        });
        fs::remove_file(scene.path("later")).unwrap();
        // Other terminals can get its number.
        let others: Vec<_> = (0..3).map(|_| Pty::open()).collect();
        let relay = scene.relay(listen, target).start_listening();
        drop(scene.line("tty"));
        drop(others);
        relay.terminate().died_of(Signal::TERM);
        scene.expect_empty();
    }
}

#[test]
fn a_link_to_no_terminal_is_replaced_if_it_is_one_of_a_terminal() {
    for [listen, target] in SIDES {
        let scene = Scene::new();
        symlink("/dev/pts/999999", scene.path("tty")).unwrap();
        let relay = scene.relay(listen, target).start_listening();
        assert_ne!(scene.terminal_of("tty"), "/dev/pts/999999");
        relay.terminate().died_of(Signal::TERM);
        scene.expect_empty();
    }
}

#[test]
fn everything_else_stays() {
    for [listen, target] in SIDES {
        let scene = Scene::new();
        let path = scene.path("tty");
        let refused = |text: &str| {
            let outcome = scene.relay(listen, target).run();
            outcome.fails(3).says(&format!("cannot make the terminal pty:./tty: {text}"));
        };
        fs::write(&path, "text").unwrap();
        refused("it exists and is not a symbolic link");
        assert_eq!(fs::read(&path).unwrap(), b"text");
        fs::remove_file(&path).unwrap();

        fs::create_dir(&path).unwrap();
        refused("it exists and is not a symbolic link");
        fs::remove_dir(&path).unwrap();

        for other in ["/dev/null", "/dev/pts", "/dev/pts/ptmx", "/dev/ttyS999", "elsewhere"] {
            symlink(other, &path).unwrap();
            refused(&format!("it is a symbolic link to {other}"));
            assert_eq!(scene.terminal_of("tty"), other);
            fs::remove_file(&path).unwrap();
        }
        scene.expect_empty();
    }
}

#[test]
fn a_link_in_use_stays_unless_it_is_to_be_replaced() {
    let scene = Scene::new();
    let first = scene.relay("pty:./tty", "-").open_input().start_listening();
    let terminal = scene.terminal_of("tty");
    for [listen, target] in SIDES {
        let outcome = scene.relay(listen, target).run();
        outcome.fails(3).says(&format!("it leads to the terminal {terminal}, which is in use"));
    }
    assert_eq!(scene.terminal_of("tty"), terminal);
    let mut line = scene.line("tty");

    let second = scene.relay("pty:./tty", "-").arg("--replace").start_listening();
    let replaced = scene.terminal_of("tty");
    assert_ne!(replaced, terminal);
    // The program of the first one goes on.
    line.send("text");
    first.wait_for_output("text");
    drop(line);
    first.terminate().died_of(Signal::TERM);
    assert_eq!(scene.terminal_of("tty"), replaced);
    second.terminate().died_of(Signal::TERM);
    scene.expect_empty();
}

#[test]
fn a_file_that_has_taken_the_place_of_the_link_stays() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let relay = scene.relay("pty:./tty", "./s").start_listening();
    let mut line = scene.line("tty");
    let server = host.accept();
    fs::remove_file(scene.path("tty")).unwrap();
    fs::write(scene.path("tty"), "text").unwrap();
    drop(server);
    line.expect_rest("");
    relay.end().code(1).says("another file has taken the place of the symbolic link");
    assert_eq!(fs::read(scene.path("tty")).unwrap(), b"text");
}

#[test]
fn a_link_that_was_removed_is_made_again_with_the_next_terminal() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let _relay = scene.relay("pty:./tty", "./s").start_listening();
    let mut line = scene.line("tty");
    fs::remove_file(scene.path("tty")).unwrap();
    drop(host.accept());
    line.expect_rest("");
    let mut line = scene.line("tty");
    line.send("text");
    host.accept().expect("text");
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    for [listen, target] in [["pty:./no/tty", "-"], ["tcp:127.0.0.1:0", "pty:./no/tty"]] {
        let scene = Scene::new();
        let outcome = scene.relay(listen, target).run();
        outcome.fails(3).says("cannot make the terminal pty:./no/tty: no such file or directory");
        scene.expect_empty();
    }
}

/// Many relays that start at the same time: one of them serves, and the others are refused.
#[test]
fn one_of_many_relays_gets_the_stale_link() {
    let scene = Scene::new();
    for _ in 0..5 {
        symlink("/dev/pts/999999", scene.path("tty")).unwrap();
        let relays: Vec<_> =
            (0..6).map(|_| scene.relay("pty:./tty", "-").open_input().start()).collect();
        let is_decided = |log: String| log.contains("listening on") || log.contains("is in use");
        wait_until("all have started", || relays.iter().all(|relay| is_decided(relay.log())));
        let (mut winners, losers): (Vec<_>, Vec<_>) =
            relays.into_iter().partition(|relay| relay.log().contains("listening on"));
        assert_eq!(winners.len(), 1);
        for loser in losers {
            loser.end().fails(3).says("which is in use");
        }
        scene.line("tty").send("text");
        let winner = winners.pop().unwrap();
        winner.wait_for_output("text");
        winner.terminate().died_of(Signal::TERM);
        scene.expect_empty();
    }
}
