use super::value;
use clap::{Args, ValueEnum};
use std::time::Duration;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Transfer")]
pub(crate) struct Transfer {
    /// Only send; what the peer sends is not read.
    ///
    /// In a relay, sending is from the client to the target.
    #[arg(long)]
    pub(crate) send_only: bool,

    /// Only receive; stdin is not read.
    ///
    /// In a relay, receiving is from the target, and what the client sends is not read.
    #[arg(long, conflicts_with = "send_only")]
    pub(crate) recv_only: bool,

    /// What the end of one direction does.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "half")]
    pub(crate) eof: Eof,

    /// After one direction has ended, give the other at most that long.
    ///
    /// Time in which our own output is blocked does not count. There is no limit by
    /// default.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) linger: Option<Duration>,

    /// End with status 4 when nothing moved for that long.
    ///
    /// Where there are many clients, only the connection ends, with a warning.
    #[arg(long, value_name = "DURATION", value_parser = value::duration_not_zero)]
    pub(crate) idle_timeout: Option<Duration>,

    /// Show on stderr how much has moved [default: never].
    ///
    /// Without a value it is `auto`: only on a terminal.
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    pub(crate) progress: Option<Progress>,

    /// How bytes are moved.
    #[arg(long, value_name = "WAY", value_enum, default_value = "auto")]
    pub(crate) copy: CopyWay,

    /// How much is moved at a time, from 1 to 1G [default: 1M spliced, 256K copied].
    ///
    /// Where many clients are served at once, it is 256K spliced, 64K copied.
    #[arg(long, value_name = "SIZE", value_parser = value::buffer_size)]
    pub(crate) buffer: Option<usize>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Eof {
    /// The other side is told, and the other direction goes on until its own end.
    Half,
    /// Everything ends, after what was read has been delivered.
    Close,
    /// The other side is not told, and the other direction goes on.
    Wait,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// If stderr is a terminal.
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CopyWay {
    /// Spliced where that is possible.
    Auto,
    /// Spliced within the kernel; an error where that is not possible (Linux).
    Splice,
    /// Read into a buffer and written from it.
    Buffer,
}
