use super::{Connecting, Everywhere, value};
use crate::{
    inspect::Pace,
    system::{AllowRule, ListenSettings},
};
use clap::Args;
use local_socket::Name;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The recording: a file of --record, or of another program that captures TCP (pcapng, pcap).
    #[arg(value_name = "FILE", value_parser = value::file("the recording is read twice, from a file"))]
    pub(crate) file: PathBuf,

    /// The server to connect to: ./file, /path/to/file, @name or a bare word.
    #[arg(value_name = "NAME", value_parser = value::name(), required_unless_present = "serve")]
    pub(crate) name: Option<Name<'static>>,

    /// Replay connection N of the recording.
    ///
    /// Needed if there are several; without it they are listed. N is the number that lsock has
    /// shown when it recorded the connection, or else counts the connections from 1.
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Replaying")]
    pub(crate) connection: Option<u64>,

    /// Send N times as fast as recorded, such as 10 or 0.5.
    #[arg(long, value_name = "N", value_parser = value::speed, help_heading = "Replaying")]
    pub(crate) speed: Option<f64>,

    /// Send as soon as the recorded answers have arrived, without the recorded pauses.
    #[arg(long, conflicts_with = "speed", help_heading = "Replaying")]
    pub(crate) fast: bool,

    /// Give up if an answer arrives DURATION later than recorded.
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = value::duration,
        default_value = "10s",
        help_heading = "Replaying"
    )]
    pub(crate) answer_timeout: Duration,

    #[command(flatten)]
    pub(crate) connecting: Connecting,
    #[command(flatten)]
    pub(crate) serving: Serving,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Serving")]
pub(crate) struct Serving {
    /// Listen on NAME and play the recorded server for one client, instead of the client.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = value::name(),
        conflicts_with_all = ["name", "wait", "connect_timeout", "server_user"]
    )]
    pub(crate) serve: Option<Name<'static>>,

    /// The mode of the socket file, set before anybody can connect [default: 600].
    #[arg(
        long,
        value_name = "OCTAL",
        value_parser = value::mode,
        requires = "serve",
        conflicts_with = "name"
    )]
    pub(crate) mode: Option<u16>,

    /// The group of the socket file, by name or number.
    #[arg(long, value_name = "GROUP", requires = "serve", conflicts_with = "name")]
    pub(crate) group: Option<String>,

    /// Who is served: any, user:NAME, uid:N, group:NAME, gid:N or sid:SID. Repeatable.
    #[arg(long, value_name = "WHO", requires = "serve", conflicts_with = "name")]
    pub(crate) allow: Vec<AllowRule>,

    /// Also replace the socket file of a live server.
    #[arg(long, requires = "serve", conflicts_with = "name")]
    pub(crate) replace: bool,

    /// Write NAME and a newline to file descriptor N (3 to 255) when a client can connect, then
    /// close it.
    #[arg(
        long,
        value_name = "N",
        value_parser = value::ready_fd,
        requires = "serve",
        conflicts_with = "name"
    )]
    pub(crate) ready_fd: Option<i32>,

    /// Create FILE when a client can connect, with the endpoint in it as one line.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = value::file(super::listening::NOT_A_STREAM),
        requires = "serve",
        conflicts_with = "name"
    )]
    pub(crate) ready_file: Option<PathBuf>,
}

impl Replay {
    /// Returns when recorded bytes are sent.
    pub(crate) fn pace(&self) -> Pace {
        if self.fast { Pace::Fast } else { Pace::Recorded { speed: self.speed.unwrap_or(1.0) } }
    }
}

impl Serving {
    /// Returns the options of the listener.
    pub(crate) fn options(&self) -> ListenSettings {
        ListenSettings {
            max_conns: None,
            max_conns_per_user: None,
            backlog: None,
            mode: self.mode,
            owner: None,
            group: self.group.clone(),
            allow: self.allow.clone(),
            sddl: None,
            replace: self.replace,
            ready_fd: self.ready_fd,
            ready_file: self.ready_file.clone(),
            exit_idle: None,
        }
    }
}
