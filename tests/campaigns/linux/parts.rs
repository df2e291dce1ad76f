//! Inputs, options and servers of the transfers.

use super::{process::serve, random::Random};
use crate::harness::{Cmd, Running, Scene, signal, wait_until};
use rustix::process::Signal;
use std::{
    fs::File,
    io::{Seek, Write},
    thread,
};

/// Sets the input of the command, as a file or a pipe.
pub(super) fn with_input(cmd: Cmd, bytes: &[u8], random: &mut Random) -> Cmd {
    if random.one_in(2) {
        return cmd.input(bytes);
    }
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    cmd.stdin(file)
}

/// Kills a process after a random time of up to 32 ms, and waits until it is dead.
pub(super) fn kill_later(victim: &mut Running, random: &mut Random) {
    thread::sleep(random.pause(15));
    signal(victim, Signal::KILL);
    wait_until("the killed process has ended", || !victim.is_running());
}

/// Returns options that change how bytes are copied, and nothing else.
pub(super) fn options(random: &mut Random) -> &'static [&'static str] {
    let buffered: &[_] = &["--copy", "buffer"];
    random.pick(&[&[], &[], buffered, &["--buffer", "4K"], &["--idle-timeout", "60s"]])
}

/// A server with the arguments to start it again.
pub(super) struct Server {
    pub(super) args: Vec<String>,
    pub(super) running: Running,
}

impl Server {
    pub(super) fn start(
        scene: &Scene,
        endpoints: &[&str],
        options: &[&str],
        command: &[&str],
    ) -> Self {
        let args: Vec<_> = [endpoints, options, command].concat();
        let mut args: Vec<_> = args.into_iter().map(str::to_owned).collect();
        let running = Self::run(scene, &args);
        if args[1].starts_with("tcp:") {
            args[1] = running.listen_name();
        }
        Self { args, running }
    }

    pub(super) fn run(scene: &Scene, args: &[String]) -> Running {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        serve(scene, &args)
    }
}
