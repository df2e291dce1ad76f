use super::{CommandTerminal, Everywhere, Listening, Observing, Transfer, value};
use clap::Args;
use local_socket::Name;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where to listen: ./file, /path/to/file, @name or a bare word.
    #[arg(value_name = "NAME", value_parser = value::name(), allow_hyphen_values = false)]
    pub(crate) name: Name<'static>,

    /// The command to join each client to, instead of stdin and stdout.
    #[arg(value_name = "CMD", last = true, num_args = 1..)]
    pub(crate) command: Vec<OsString>,

    /// Keep serving after the first client.
    ///
    /// Clients of stdin and stdout are served one after another. With a command, --merge or
    /// --broadcast, all clients are served at once.
    #[arg(short, long, help_heading = "Listening")]
    pub(crate) keep_open: bool,

    /// Serve all clients at once and write what they send to stdout in whole lines (with -k).
    ///
    /// Lines of different clients are never mixed. A line longer than 64 KiB may be split.
    #[arg(long, help_heading = "Listening", requires = "keep_open", conflicts_with = "command")]
    pub(crate) merge: bool,

    /// Serve all clients at once and copy stdin to each of them (with -k).
    ///
    /// Stdin is not read while no client is connected. A client that does not read is
    /// disconnected when its queue is full; the other clients do not wait for it. Without
    /// --merge, a client that takes nothing for the time of --grace after the end of stdin is
    /// disconnected as well.
    #[arg(long, help_heading = "Listening", requires = "keep_open", conflicts_with = "command")]
    pub(crate) broadcast: bool,

    /// Most bytes that may be queued for a client of --broadcast [default: 1M].
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
    #[command(flatten)]
    pub(crate) command_terminal: CommandTerminal,
    #[command(flatten)]
    pub(crate) observing: Observing,

    /// Send SIGHUP to the command when its client has closed, and SIGKILL after --grace (Unix).
    ///
    /// Without this option a command is not told: it notices when it reads or writes, and a command
    /// that does neither runs on. With it, the bytes pass through lsock, and SIGHUP has its default
    /// action when the command starts, also under nohup(1).
    #[arg(long, requires = "command", help_heading = "Transfer", display_order = 300)]
    pub(crate) hangup: bool,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
