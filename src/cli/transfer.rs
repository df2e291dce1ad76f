use super::value;
use clap::{Args, ValueEnum};
use std::time::Duration;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Transfer")]
pub(crate) struct Transfer {
    /// Only send; do not read from the peer.
    ///
    /// In a relay, send means from the client to the target.
    #[arg(long)]
    pub(crate) send_only: bool,

    /// Only receive; do not read stdin.
    ///
    /// In a relay, receive means from the target to the client.
    #[arg(long, conflicts_with = "send_only")]
    pub(crate) recv_only: bool,

    /// What to do at the end of file of one direction.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "half")]
    pub(crate) eof: Eof,

    /// After one direction has ended, wait at most DURATION for the other.
    ///
    /// Time during which our own output is blocked does not count. By default there is no
    /// limit.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) linger: Option<Duration>,

    /// End with status 4 if no byte moves for DURATION.
    ///
    /// With many clients only the idle connection ends, with a warning.
    #[arg(long, value_name = "DURATION", value_parser = value::duration_not_zero)]
    pub(crate) idle_timeout: Option<Duration>,

    /// Show on stderr how many bytes have moved [default: never].
    ///
    /// Without a value: `auto`.
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    pub(crate) progress: Option<Progress>,

    /// How to move bytes.
    #[arg(long, value_name = "WAY", value_enum, default_value = "auto")]
    pub(crate) copy: CopyWay,

    /// Bytes moved at a time, from 1 to 1G [default: 1M spliced, 256K copied].
    ///
    /// With many clients the default is 256K spliced, 64K copied.
    #[arg(long, value_name = "SIZE", value_parser = value::buffer_size)]
    pub(crate) buffer: Option<usize>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Eof {
    /// Half-close: send the end of file; the other direction continues to its own end.
    Half,
    /// End both directions, after delivering what was read.
    Close,
    /// Do not send the end of file; the other direction continues.
    Wait,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// On a terminal only.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CopyWay {
    /// Splice where possible.
    Auto,
    /// Splice within the kernel, or fail (Linux).
    Splice,
    /// Copy through a buffer.
    Buffer,
}
