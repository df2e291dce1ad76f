use super::{Connecting, Everywhere, Transfer, value};
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
    pub(crate) transfer: Transfer,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
