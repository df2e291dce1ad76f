use super::{
    AtTerminal, CommandTerminal, Connecting, Everywhere, Observing, Reconnecting, Transfer, value,
};
use clap::Args;
use local_socket::Name;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// What to connect to: ./file, /path/to/file, @name or a bare word.
    #[arg(value_name = "NAME", value_parser = value::name())]
    pub(crate) name: Name<'static>,

    /// The command to join the connection to, instead of stdin and stdout.
    #[arg(value_name = "CMD", last = true, num_args = 1..)]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) connecting: Connecting,
    #[command(flatten)]
    pub(crate) reconnecting: Reconnecting,

    /// Pass the connection to the process at the other end of stdout, and end (Unix).
    ///
    /// stdout has to be a Unix domain socket. The process receives the connected socket with one
    /// byte (SCM_RIGHTS), as ssh(1) expects of a ProxyCommand with ProxyUseFdpass. No byte passes
    /// through lsock.
    #[arg(long, help_heading = "Connecting")]
    pub(crate) pass_connection: bool,

    #[command(flatten)]
    pub(crate) transfer: Transfer,
    #[command(flatten)]
    pub(crate) at_terminal: AtTerminal,
    #[command(flatten)]
    pub(crate) command_terminal: CommandTerminal,
    #[command(flatten)]
    pub(crate) observing: Observing,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
