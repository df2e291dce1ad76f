//! Inputs, options and servers of the transfers.

use super::{process::serve, random::Random};
use crate::harness::{Cmd, Running, Scene, signal, wait_until};
use rustix::process::Signal;
use std::{
    fs::File,
    io::{self, Seek, Write},
    thread::{self, JoinHandle},
};

/// What a command is given as its input.
pub(super) enum Given {
    /// A file of this length.
    File(usize),
    /// A pipe; the thread returns how many bytes it has written into it.
    Pipe(JoinHandle<usize>),
}

impl Given {
    /// Returns how many bytes were in the input before the process ended, at least. It must have ended.
    ///
    /// The last bytes of a pipe can have been written when it no longer looked for more, as many as the
    /// pipe holds (`pipe(7)`).
    pub(super) fn least(self) -> usize {
        match self {
            Self::File(length) => length,
            Self::Pipe(writer) => writer.join().unwrap().saturating_sub(64 << 10),
        }
    }
}

/// Sets the input of the command, as a file or a pipe.
pub(super) fn with_input(cmd: Cmd, bytes: &[u8], random: &mut Random) -> (Cmd, Given) {
    if random.one_in(2) {
        let (reader, mut writer) = io::pipe().unwrap();
        let bytes = bytes.to_owned();
        let writer = thread::spawn(move || {
            let mut written = 0;
            while written < bytes.len() {
                match writer.write(&bytes[written..]) {
                    Ok(count) => written += count,
                    // The process has ended.
                    Err(_) => break,
                }
            }
            written
        });
        return (cmd.stdin(reader), Given::Pipe(writer));
    }
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    (cmd.stdin(file), Given::File(bytes.len()))
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
