//! Panics while the terminal has raw mode.

use super::*;
use crate::{diag::caught, system::unix::pty_pair::open_pair};
use rustix::termios::{LocalModes, tcgetattr};
use std::{
    env, mem,
    process::{Command, exit},
};

#[test]
fn the_hook_restores_the_terminal_at_a_panic_of_any_thread() {
    at_a_terminal("the_hook_restores_the_terminal_at_a_panic_of_any_thread", || {
        // The hook is that of the program.
        let explain = ["lsock", "connect", "./s", "--explain"];
        assert_eq!(crate::run_line(&explain.map(Into::into)), 0);
        mem::forget(raw_terminal());
        assert!(thread::spawn(|| panic!("of a test")).join().is_err());
    });
}

#[test]
fn the_end_of_its_scope_restores_the_terminal_at_a_panic() {
    at_a_terminal("the_end_of_its_scope_restores_the_terminal_at_a_panic", || {
        let terminal = raw_terminal();
        let unwound = caught(move || {
            let _terminal = terminal;
            panic!("of a test")
        });
        let Err(Failure::Internal(_)) = unwound else { panic!("no panic") };
    });
}

/// Sets raw mode. The result restores the terminal when it is dropped.
fn raw_terminal() -> (RawTerminal, Input) {
    let (terminal, keys) = RawTerminal::open(LeaveKey::None).unwrap();
    terminal.begin().unwrap();
    let modes = tcgetattr(stdin()).unwrap().local_modes;
    assert!(!modes.contains(LocalModes::ISIG), "raw mode: {modes:?}");
    (terminal, keys)
}

/// Runs the function in a process of its own whose standard input is a terminal, and compares the
/// settings of the terminal from before with those from after. The process is the test of this name
/// again.
fn at_a_terminal(test: &str, run: impl FnOnce()) {
    const IS_CHILD: &str = "LSOCK_TEST_IS_AT_A_TERMINAL";
    const DONE: i32 = 7;
    if env::var_os(IS_CHILD).is_some() {
        run();
        // Nothing is dropped.
        exit(DONE);
    }
    let (_master, slave) = open_pair().unwrap();
    let settings = || format!("{:?}", tcgetattr(&slave).unwrap());
    let before = settings();
    let (_, module) = module_path!().split_once("::").unwrap();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{module}::{test}")])
        .env(IS_CHILD, "")
        .stdin(slave.try_clone().unwrap())
        .output()
        .unwrap();
    assert_eq!(child.status.code(), Some(DONE), "{child:?}");
    assert_eq!(settings(), before, "{child:?}");
}
