use super::value;
use crate::system::{AllowRule, FileOwner, ListenSettings};
use clap::Args;
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// What to use in place of `--ready-file -`.
pub(super) const NOT_A_STREAM: &str = "--ready-fd notifies through a descriptor";

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Listening")]
pub(crate) struct Listening {
    /// Serve at most N clients at a time; further clients wait in the backlog.
    #[arg(long, value_name = "N", value_parser = value::most_clients)]
    pub(crate) max_conns: Option<NonZeroUsize>,

    /// Serve at most N clients of one user at a time; further ones are refused.
    #[arg(long, value_name = "N", value_parser = value::most_clients)]
    pub(crate) max_conns_per_user: Option<NonZeroUsize>,

    /// Let at most N clients wait to be accepted (default: the system's maximum).
    #[arg(long, value_name = "N", value_parser = value::backlog)]
    pub(crate) backlog: Option<u32>,

    /// The mode of the socket file, set before anybody can connect [default: 600].
    #[arg(long, value_name = "OCTAL", value_parser = value::mode)]
    pub(crate) mode: Option<u16>,

    /// The owner of the socket file, set before anybody can connect: NAME, user:NAME or uid:N.
    ///
    /// Takes the privilege to give files to other users. The owner is served too, unless --allow
    /// is given.
    #[arg(long, value_name = "USER")]
    pub(crate) owner: Option<FileOwner>,

    /// The group of the socket file, by name or number.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Who is served: any, user:NAME, uid:N, group:NAME, gid:N or sid:SID. Repeatable.
    ///
    /// Checked on the credentials that the kernel reports for each client. Without this
    /// option the same user and root are served; if the mode of the socket file admits
    /// others (660, 666), everybody whom the mode admits. With this option, nobody else.
    /// On Windows, which has no numbers but security identifiers (sid:SID), the security
    /// descriptor of the pipe admits the accounts, and always the user that lsock runs as.
    #[arg(long, value_name = "WHO")]
    pub(crate) allow: Vec<AllowRule>,

    /// The security descriptor of the pipe (Windows).
    ///
    /// Default: the current user, SYSTEM and administrators. Grant others 0x12019b, to
    /// read and write: with GA or GW they could serve clients under the same name. Clients
    /// on other machines are always refused.
    #[arg(long, value_name = "STRING", value_parser = value::sddl)]
    pub(crate) sddl: Option<String>,

    /// Also replace the socket file of a live server.
    ///
    /// The replacement is atomic: clients find a server at every moment. A stale socket
    /// file is always replaced; a file that is not a socket never is.
    #[arg(long)]
    pub(crate) replace: bool,

    /// Write the endpoint and a newline to file descriptor N when clients can connect, then close it.
    ///
    /// N is 3 to 255, or 1 for stdout where no data is written to it. The endpoint is the name that
    /// clients connect to, with the port that the system has chosen; if there are several, each is a
    /// line.
    #[arg(long, value_name = "N", value_parser = value::ready_fd)]
    pub(crate) ready_fd: Option<i32>,

    /// Create FILE when clients can connect, with the endpoint in it as one line.
    ///
    /// The file is complete as soon as it exists, and is removed when no further client can connect.
    /// The file of an earlier run is replaced when clients can connect; anything else than a regular
    /// file is refused.
    #[arg(long, value_name = "FILE", value_parser = value::file(NOT_A_STREAM))]
    pub(crate) ready_file: Option<PathBuf>,

    /// End with status 0 when nobody has been connected for this time.
    ///
    /// For services that are started when somebody connects to their socket. No client is lost: an
    /// inherited socket stays with the service manager, which starts the service again for a client
    /// that connects later. The socket of lsock itself is removed first, and clients that have
    /// connected before are served. Goes with a relay, or with -k and a command.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) exit_idle: Option<Duration>,

    /// Time that open connections get to end after a signal that asks lsock to end.
    #[arg(long, value_name = "DURATION", value_parser = value::duration, default_value = "5s")]
    pub(crate) grace: Duration,
}

impl Listening {
    /// Returns the options of a listener.
    pub(crate) fn options(&self) -> ListenSettings {
        ListenSettings {
            max_conns: self.max_conns,
            max_conns_per_user: self.max_conns_per_user,
            backlog: self.backlog,
            mode: self.mode,
            owner: self.owner.clone(),
            group: self.group.clone(),
            allow: self.allow.clone(),
            sddl: self.sddl.clone(),
            replace: self.replace,
            ready_fd: self.ready_fd,
            ready_file: self.ready_file.clone(),
            exit_idle: self.exit_idle,
        }
    }
}
