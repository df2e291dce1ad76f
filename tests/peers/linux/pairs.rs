//! The programs that can be both ends of a connection between pipelines: how each is started.

use super::{programs, roles::role};
use anyhow::Result;
use std::process::Command;

/// A program that can be both ends.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) name: &'static str,
    /// `None` if it is a role of this program.
    pub(super) program: Option<&'static str>,
    pub(super) listen: fn(&str) -> Result<Command>,
    pub(super) connect: fn(&str) -> Result<Command>,
}

pub(super) const LOOPS: &str = "a splice loop on each side";

pub(super) const PAIRS: [Pair; 6] = [
    Pair {
        name: LOOPS,
        program: None,
        listen: |path| Ok(with(role("splice-listen")?, &[path])),
        connect: |path| Ok(with(role("splice-connect")?, &[path])),
    },
    Pair { name: "lsock", program: None, listen: lsock_listen, connect: lsock_connect },
    Pair {
        name: "socat",
        program: Some("socat"),
        listen: |path| Ok(socat(&[], &[&format!("UNIX-LISTEN:{path}"), "STDOUT"])),
        connect: |path| Ok(socat(&[], &["STDIN", &format!("UNIX-CONNECT:{path}")])),
    },
    Pair {
        name: "socat with blocks of 1 MiB",
        program: Some("socat"),
        listen: |path| Ok(socat(&BLOCKS, &[&format!("UNIX-LISTEN:{path}"), "STDOUT"])),
        connect: |path| Ok(socat(&BLOCKS, &["STDIN", &format!("UNIX-CONNECT:{path}")])),
    },
    Pair {
        name: "OpenBSD nc",
        program: Some("nc"),
        listen: |path| Ok(with(Command::new("nc"), &["-N", "-l", "-U", path])),
        connect: |path| Ok(with(Command::new("nc"), &["-N", "-U", path])),
    },
    Pair {
        name: "ncat",
        program: Some("ncat"),
        listen: |path| Ok(with(Command::new("ncat"), &["--recv-only", "-l", "-U", path])),
        connect: |path| Ok(with(Command::new("ncat"), &["--send-only", "-U", path])),
    },
];

const BLOCKS: [&str; 2] = ["-b", "1048576"];

fn with(mut command: Command, args: &[&str]) -> Command {
    command.args(args);
    command
}

/// With one direction only: with both, socat ends everything half a second after the end of an
/// empty stdin.
fn socat(options: &[&str], addresses: &[&str]) -> Command {
    with(with(with(Command::new("socat"), &["-u"]), options), addresses)
}

/// With `-v`, which reports that it listens.
pub(super) fn lsock_listen(path: &str) -> Result<Command> {
    Ok(with(programs::lsock(), &["listen", "-v", path]))
}

pub(super) fn lsock_connect(path: &str) -> Result<Command> {
    Ok(with(programs::lsock(), &["connect", path]))
}
