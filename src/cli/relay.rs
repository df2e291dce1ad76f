use super::{
    AtTerminal, CommandTerminal, Connecting, Everywhere, Listening, Observing, Reconnecting,
    Transfer, value,
};
use crate::endpoint::{ListenOn, Target};
use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Relay {
    /// Where clients come from: NAME, tcp:HOST:PORT, fd:N, fd:NAME, fd:*, pty:LINK or - for stdin and
    /// stdout.
    ///
    /// With `-`, stdin and stdout are the only client. `fd:N` is an inherited listening
    /// socket (socket activation: `fd:3`), `fd:NAME` are those to which the service manager has
    /// given this name, and `fd:*` are all that it has passed. `pty:LINK` makes a pseudo-terminal
    /// and the symbolic link to it; programs that open it, one after another, are the clients (Unix).
    #[arg(value_name = "LISTEN", value_parser = value::listen_on())]
    pub(crate) listen: ListenOn,

    /// Where each client is connected to: NAME, tcp:HOST:PORT, assuan:FILE, exec:COMMAND, pty:LINK or
    /// -.
    ///
    /// `assuan:` connects to a server of GnuPG by its socket file, also on Windows.
    /// `exec:` starts a command for each client. Its words are split as in a shell, but no
    /// shell runs. With `pty:LINK`, clients are joined one at a time to the program that opens a
    /// pseudo-terminal by the symbolic link LINK (Unix). With `-`, clients are joined to stdin and
    /// stdout one at a time.
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
    pub(crate) reconnecting: Reconnecting,
    #[command(flatten)]
    pub(crate) transfer: Transfer,
    #[command(flatten)]
    pub(crate) at_terminal: AtTerminal,
    #[command(flatten)]
    pub(crate) command_terminal: CommandTerminal,
    #[command(flatten)]
    pub(crate) observing: Observing,

    /// Pass on file descriptors that arrive with data (SCM_RIGHTS; Unix local sockets).
    ///
    /// Without it they are closed, with one warning for each direction of a connection.
    #[arg(long, help_heading = "Transfer", display_order = 300)]
    pub(crate) pass_fds: bool,

    /// Send SIGHUP to the command when its client has closed, and SIGKILL after --grace (Unix).
    ///
    /// Without this option a command is not told: it notices when it reads or writes, and a command
    /// that does neither runs on. With it, the bytes pass through lsock, and SIGHUP has its default
    /// action when the command starts, also under nohup(1).
    #[arg(long, help_heading = "Transfer", display_order = 301)]
    pub(crate) hangup: bool,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
