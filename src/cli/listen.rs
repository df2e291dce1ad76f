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

    /// Go on after the first client.
    ///
    /// With stdin and stdout clients are served one after another, with a command or
    /// --merge or --broadcast all at once.
    #[arg(short, long, help_heading = "Listening")]
    pub(crate) keep_open: bool,

    /// All clients at once, what they send is written to stdout in whole lines (with -k).
    ///
    /// Lines of several clients are never mixed; one that is longer than 64 KiB may be
    /// split.
    #[arg(long, help_heading = "Listening", requires = "keep_open", conflicts_with = "command")]
    pub(crate) merge: bool,

    /// All clients at once, stdin is copied to every one of them (with -k).
    ///
    /// Stdin is not read while there is no client. A client that does not read is cut off
    /// once its queue is full; the others do not wait for it. Without --merge one that takes
    /// nothing for the time of --grace after the end of stdin is cut off as well.
    #[arg(long, help_heading = "Listening", requires = "keep_open", conflicts_with = "command")]
    pub(crate) broadcast: bool,

    /// How much may wait for a client of --broadcast [default: 1M].
    #[arg(
        long,
        value_name = "SIZE",
        help_heading = "Listening",
        requires = "broadcast",
        value_parser = value::buffer_size
    )]
    pub(crate) queue: Option<usize>,

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
