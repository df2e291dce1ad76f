use super::{
    Everywhere,
    value::{self, Choice, choice},
};
use crate::{inspect::list::NamePattern, system::socket_table::SocketKind};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// List only names that match a shell pattern: *, ? and [...].
    ///
    /// `@PATTERN` is for abstract names, and a pattern with a slash is for the whole path, in which
    /// `*` also matches slashes. Any other pattern is for abstract names and the last part of paths.
    #[arg(value_name = "PATTERN", value_parser = NamePattern::parse)]
    pub(crate) patterns: Vec<NamePattern>,

    /// List connections as well, both ends in one row, and sockets without a name.
    #[arg(short, long, help_heading = "Selection")]
    pub(crate) all: bool,

    /// List only sockets of one process.
    #[arg(long, value_name = "PID", value_parser = value::pid, help_heading = "Selection")]
    pub(crate) pid: Option<u32>,

    /// List only sockets of processes of a user, who is given by name or number.
    #[arg(long, value_name = "USER", help_heading = "Selection")]
    pub(crate) user: Option<String>,

    /// List only sockets of one or more types.
    #[arg(long = "type", value_name = "TYPE,...", help_heading = "Selection")]
    #[arg(value_delimiter = ',', value_parser = choice(KINDS))]
    pub(crate) kinds: Vec<SocketKind>,

    /// Also list socket files in folders, and in the folders there, that nobody has open.
    #[arg(long, value_name = "DIR", help_heading = "Selection")]
    #[arg(num_args = 1.., conflicts_with_all = ["pid", "kinds"])]
    pub(crate) stale: Vec<PathBuf>,

    /// Print one JSON object a line.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

const KINDS: &[Choice<SocketKind>] = &[
    Choice::new(SocketKind::Stream, "stream", "Byte streams"),
    Choice::new(SocketKind::SeqPacket, "seqpacket", "Connections that carry messages"),
    Choice::new(SocketKind::Datagram, "dgram", "Messages without a connection")
        .alias(&["datagram"]),
];
