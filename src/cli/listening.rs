use super::value;
use clap::Args;
use std::{num::NonZeroUsize, str::FromStr, time::Duration};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Listening")]
pub(crate) struct Listening {
    /// At most N clients at a time; more wait in the backlog.
    #[arg(long, value_name = "N")]
    pub(crate) max_conns: Option<NonZeroUsize>,

    /// At most N clients of one user at a time; more of that user are refused.
    #[arg(long, value_name = "N")]
    pub(crate) max_conns_per_user: Option<NonZeroUsize>,

    /// At most N clients wait to be accepted (default: what the system allows).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=0x7fff_ffff))]
    pub(crate) backlog: Option<u32>,

    /// The permissions of the socket file, in force from the first moment [default: 600].
    #[arg(long, value_name = "OCTAL", value_parser = value::mode)]
    pub(crate) mode: Option<u16>,

    /// The group of the socket file, by name or number.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Who is served: any, user:NAME, uid:N, group:NAME or gid:N. Repeatable.
    ///
    /// Checked on the credentials that the kernel gives of each client. Without this
    /// option it is the same user and root; for a socket file whose mode admits others
    /// (660, 666) it is whoever the mode admits. With it nobody else is served.
    #[arg(long, value_name = "WHO")]
    pub(crate) allow: Vec<Who>,

    /// The security descriptor of the pipe (Windows).
    ///
    /// Default: the current user, SYSTEM and administrators. Grant others 0x12019b, to
    /// read and write: with GA or GW they could serve clients under the same name. Clients
    /// on other machines are always refused.
    #[arg(long, value_name = "STRING")]
    pub(crate) sddl: Option<String>,

    /// Also take over a name that a live server holds (socket files).
    ///
    /// This is atomic: there is no moment in which clients find nothing. A stale socket
    /// file is taken over in any case, and what is not a socket is never touched.
    #[arg(long)]
    pub(crate) replace: bool,

    /// Write a newline to file descriptor N once clients can connect, then close it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(3..))]
    pub(crate) ready_fd: Option<i32>,

    /// After SIGINT or SIGTERM, give open connections that long to end.
    #[arg(long, value_name = "DURATION", value_parser = value::duration, default_value = "5s")]
    pub(crate) grace: Duration,
}

/// Who may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Any,
    User(String),
    Uid(u32),
    Group(String),
    Gid(u32),
}

impl FromStr for Who {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |n: &str| n.parse().map_err(|_| format!("`{n}` is not a number"));
        match text.split_once(':') {
            None if text == "any" => Ok(Self::Any),
            Some(("user", name)) if !name.is_empty() => Ok(Self::User(name.to_owned())),
            Some(("group", name)) if !name.is_empty() => Ok(Self::Group(name.to_owned())),
            Some(("uid", n)) => number(n).map(Self::Uid),
            Some(("gid", n)) => number(n).map(Self::Gid),
            _ => Err("it takes any, user:NAME, uid:N, group:NAME or gid:N".to_owned()),
        }
    }
}
