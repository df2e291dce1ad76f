//! The session of a person at a terminal: raw mode, and the end that the peer has caused.

use crate::{
    diag::{self, Failure, Terminal},
    endpoint,
    system::{
        Input, LeaveKey, Output, RawTerminal, WindowSize, discard_typed, restore_terminal, signals,
    },
    transfer::Party,
};
use std::fmt::{self, Display, Formatter};

/// Standard input and output, and the terminal that is to be in raw mode, if one is.
pub(super) fn open_stdio(
    raw: Option<LeaveKey>,
) -> Result<(Input, Output, Option<RawTerminal>), Failure> {
    let (input, output) = endpoint::open_stdio()?;
    let Some(key) = raw else { return Ok((input, output, None)) };
    let (terminal, keys) = RawTerminal::open(key).map_err(unusable)?;
    Ok((keys, output, Some(terminal)))
}

/// Says that the connection is there, and sets raw mode.
pub(super) fn begin(
    raw: &RawTerminal,
    target: &dyn Display,
    terminal: Terminal,
) -> Result<(), Failure> {
    let leaves = match raw.key() {
        LeaveKey::None => "no key leaves".to_owned(),
        key => format!("{key} leaves"),
    };
    terminal.notice(&format!("connected to {target}; {leaves}"));
    // A relay writes messages on a thread: this one comes before what is received.
    diag::flush();
    raw.begin().map_err(unusable)
}

/// Restores the terminal before a signal ends this process.
pub(super) fn watch_signals() -> Result<(), Failure> {
    let _held = signals::BlockedSignals::new();
    signals::on_termination(|signal| signals::die(signal))
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })
}

/// Writes the line of `--explain` about `--raw`, if it is given.
pub(super) fn explain(f: &mut Formatter<'_>, raw: Option<LeaveKey>) -> fmt::Result {
    match raw {
        Some(LeaveKey::None) => writeln!(f, "terminal     raw mode, no key leaves"),
        Some(key) => writeln!(f, "terminal     raw mode, {key} leaves"),
        None => Ok(()),
    }
}

/// Starts to follow the size of our terminal for the terminals of commands, if they get some.
pub(super) fn follow_size(size: Option<&mut WindowSize>) -> Result<(), Failure> {
    let _held = signals::BlockedSignals::new();
    size.map_or(Ok(()), WindowSize::follow)
        .map_err(|error| Failure::Io { what: "cannot watch for changes of the terminal", error })
}

/// Writes the line of `--explain` about `--pty`, if it is given.
pub(super) fn explain_pty(f: &mut Formatter<'_>, size: Option<&WindowSize>) -> fmt::Result {
    size.map_or(Ok(()), |size| writeln!(f, "terminal     {size}"))
}

fn unusable(error: std::io::Error) -> Failure {
    Failure::Io { what: "cannot set the terminal to raw mode", error }
}

/// The end of a session, for the person at the terminal.
#[derive(Copy, Clone, Debug)]
pub(super) struct SessionEnd {
    pub(super) peer: Party,
    /// Whether the peer has ended the connection while the person could type.
    pub(super) is_by_peer: bool,
    /// Whether the person has left.
    pub(super) was_left: bool,
    /// Whether an error says more.
    pub(super) has_failed: bool,
}

impl SessionEnd {
    /// Ends raw mode. If the peer has ended the connection, discards what was typed and not sent, so
    /// that the shell does not run it, and says so.
    pub(super) fn report(self, terminal: Terminal) {
        let was_raw = restore_terminal() || self.was_left;
        let typed = if self.is_by_peer { discard_typed() } else { None };
        if was_raw || typed.is_some_and(|typed| typed > 0) {
            terminal.break_line();
        }
        let text = match self {
            Self { has_failed: true, .. } => return,
            Self { was_left: true, .. } => "left the connection".to_owned(),
            _ if typed.is_none() => return,
            Self { peer: Party::Command, .. } => "the command has ended".to_owned(),
            Self { peer, .. } => format!("{} has closed the connection", peer.receiver()),
        };
        terminal.notice(&text);
    }
}
