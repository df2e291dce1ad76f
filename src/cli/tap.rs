use super::{Everywhere, Observing, Transfer, value};
use clap::Args;
use local_socket::Name;
use std::time::Duration;

/// The options that are without effect when nothing is served.
const NOT_OF_RESTORE: [&str; 18] = [
    "as_me",
    "buffer",
    "copy",
    "detach",
    "empty_messages",
    "eof",
    "grace",
    "idle_timeout",
    "ignore_unread",
    "linger",
    "max_time",
    "progress",
    "record",
    "record_port",
    "recv_only",
    "send_only",
    "trace",
    "trace_file",
];

#[derive(Debug, Args)]
pub(crate) struct Tap {
    /// The socket file of the server: ./file or /path/to/file.
    #[arg(value_name = "NAME", value_parser = value::name(), allow_hyphen_values = false)]
    pub(crate) name: Name<'static>,

    /// Put back the socket file that a killed tap has left aside, and do nothing else.
    #[arg(
        long,
        help_heading = "Tapping",
        display_order = 100,
        conflicts_with_all = NOT_OF_RESTORE
    )]
    pub(crate) restore: bool,

    /// Serve clients of other users too; the server sees all of them as the user of the tap.
    ///
    /// Without this option, a socket that other users may connect to is refused: a server that
    /// looks at the users of its clients would give them the rights of this user.
    #[arg(long, help_heading = "Tapping", display_order = 101)]
    pub(crate) as_me: bool,

    /// Time that open connections get to end after a signal that asks lsock to end.
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = value::duration,
        default_value = "5s",
        help_heading = "Tapping",
        display_order = 102
    )]
    pub(crate) grace: Duration,

    /// After a signal, end at once; a process in the background serves open connections to their end.
    ///
    /// It belongs to no terminal, and goes on writing the trace.
    #[arg(long, help_heading = "Tapping", display_order = 103, conflicts_with = "grace")]
    pub(crate) detach: bool,

    /// Whether this is the process that `--detach` has started.
    #[arg(skip)]
    pub(crate) is_keeper: bool,

    #[command(flatten)]
    pub(crate) transfer: Transfer,
    #[command(flatten)]
    pub(crate) observing: Observing,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
