use super::{Everywhere, Listening, Transfer, value};
use clap::Args;
use local_socket::Name;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where to listen: ./file, /path/to/file, @name or a bare word.
    #[arg(value_name = "NAME", value_parser = value::name(), allow_hyphen_values = false)]
    pub(crate) name: Name<'static>,

    /// A command to join each client to, instead of stdin and stdout.
    #[arg(value_name = "CMD", last = true, num_args = 1..)]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) listening: Listening,
    #[command(flatten)]
    pub(crate) transfer: Transfer,

    /// Print what would be done, and do nothing.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
