use super::{Connecting, Everywhere, Listening, Transfer, value};
use crate::endpoint::{ListenOn, Target};
use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Relay {
    /// Where clients come from: NAME, tcp:HOST:PORT, fd:N or - for stdin and stdout.
    ///
    /// With `-` stdin and stdout are the one client. `fd:N` is a listening socket that
    /// came with the process (socket activation: `fd:3`).
    #[arg(value_name = "LISTEN", value_parser = value::listen_on())]
    pub(crate) listen: ListenOn,

    /// Where each client is connected to: NAME, tcp:HOST:PORT, exec:COMMAND or -.
    ///
    /// `exec:` starts a command for each client; its words are split as a shell does it,
    /// but no shell is run. With `-` clients have stdin and stdout, one at a time.
    #[arg(value_name = "TARGET", value_parser = value::target(), required_unless_present = "command")]
    pub(crate) target: Option<Target>,

    /// A command to start for each client, instead of TARGET.
    #[arg(value_name = "CMD", last = true, num_args = 1.., conflicts_with = "target")]
    pub(crate) command: Vec<OsString>,

    /// Serve one client, and end with it.
    #[arg(long, help_heading = "Listening", display_order = 100)]
    pub(crate) once: bool,

    /// Let a tcp: listener be reached from other machines.
    #[arg(long, help_heading = "Listening", display_order = 101)]
    pub(crate) expose: bool,

    #[command(flatten)]
    pub(crate) listening: Listening,
    #[command(flatten)]
    pub(crate) connecting: Connecting,
    #[command(flatten)]
    pub(crate) transfer: Transfer,

    /// Pass on descriptors that come along with data (SCM_RIGHTS; local sockets of Unix).
    ///
    /// Without it they are closed, and the first one of a connection is a warning.
    #[arg(long, help_heading = "Transfer", display_order = 300)]
    pub(crate) pass_fds: bool,

    /// Print what would be done, and do nothing.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
