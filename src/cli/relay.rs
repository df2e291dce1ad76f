use super::{Connecting, Everywhere, Listening, Transfer, value};
use crate::endpoint::{ListenOn, Target};
use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Relay {
    /// Where clients come from: NAME, tcp:HOST:PORT, fd:N or - for stdin and stdout.
    ///
    /// With `-`, stdin and stdout are the only client. `fd:N` is an inherited listening
    /// socket (socket activation: `fd:3`).
    #[arg(value_name = "LISTEN", value_parser = value::listen_on())]
    pub(crate) listen: ListenOn,

    /// Where each client is connected to: NAME, tcp:HOST:PORT, assuan:FILE, exec:COMMAND or -.
    ///
    /// `assuan:` connects to a server of GnuPG by its socket file, also on Windows.
    /// `exec:` starts a command for each client. Its words are split as in a shell, but no
    /// shell runs. With `-`, clients are joined to stdin and stdout one at a time.
    #[arg(value_name = "TARGET", value_parser = value::target(), required_unless_present = "command")]
    pub(crate) target: Option<Target>,

    /// The command to start for each client, instead of TARGET.
    #[arg(value_name = "CMD", last = true, num_args = 1.., conflicts_with = "target")]
    pub(crate) command: Vec<OsString>,

    /// Serve one client, then exit.
    #[arg(long, help_heading = "Listening", display_order = 100)]
    pub(crate) once: bool,

    /// Allow a tcp: listener that other machines can reach.
    #[arg(long, help_heading = "Listening", display_order = 101)]
    pub(crate) expose: bool,

    #[command(flatten)]
    pub(crate) listening: Listening,
    #[command(flatten)]
    pub(crate) connecting: Connecting,
    #[command(flatten)]
    pub(crate) transfer: Transfer,

    /// Pass on file descriptors that arrive with data (SCM_RIGHTS; Unix local sockets).
    ///
    /// Without it they are closed, with one warning for each direction of a connection.
    #[arg(long, help_heading = "Transfer", display_order = 300)]
    pub(crate) pass_fds: bool,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
