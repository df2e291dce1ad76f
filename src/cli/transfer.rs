use super::value::{self, Choice, choice};
use crate::{
    diag::Failure,
    system,
    transfer::{CopyMode, EmptyMessages, Eof, TransferOptions},
};
use clap::Args;
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
    #[arg(long, value_name = "WHAT", value_parser = choice(EOFS), default_value = "half")]
    pub(crate) eof: Eof,

    /// What a message of zero bytes means (Windows) [default: eof].
    ///
    /// It has this meaning in both directions. See lsock-pipes(7).
    #[arg(long, value_name = "WHAT", value_parser = choice(EMPTY_MESSAGES))]
    pub(crate) empty_messages: Option<EmptyMessages>,

    /// After one direction has ended, wait at most DURATION for the other.
    ///
    /// With --send-only or --recv-only there is no other direction, and no limit.
    /// Time during which our own output is blocked does not count. By default there is no
    /// limit.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) linger: Option<Duration>,

    /// End with status 4 if no byte moves for DURATION.
    ///
    /// With many clients only the idle connection ends, with a warning.
    #[arg(long, value_name = "DURATION", value_parser = value::duration_not_zero)]
    pub(crate) idle_timeout: Option<Duration>,

    /// End with status 4 if a connection is not over after DURATION.
    ///
    /// The time begins when both ends are connected, whatever moves. With many clients only that
    /// connection ends, with a warning.
    #[arg(long, value_name = "DURATION", value_parser = value::duration_not_zero)]
    pub(crate) max_time: Option<Duration>,

    /// Do not fail if the peer closes without reading all that was sent to it.
    ///
    /// The status is 0 instead of 5, and there is no warning. In a relay both sides are peers.
    /// Bytes that are lost for another reason are still a failure.
    #[arg(long)]
    pub(crate) ignore_unread: bool,

    /// Show on stderr how many bytes have moved [default: never].
    ///
    /// Without a value: `auto`.
    #[arg(
        long,
        value_name = "WHEN",
        value_parser = choice(PROGRESS_MODES),
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    pub(crate) progress: Option<ProgressMode>,

    /// How to move bytes.
    #[arg(long, value_name = "WAY", value_parser = choice(COPY_MODES), default_value = "auto")]
    pub(crate) copy: CopyMode,

    /// Bytes moved at a time, from 1 to 1G [default: 1M spliced, 256K copied].
    ///
    /// With a command or many clients the default is 256K spliced, 64K copied.
    #[arg(long, value_name = "SIZE", value_parser = value::buffer_size)]
    pub(crate) buffer: Option<usize>,
}

/// When progress is shown.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgressMode {
    Auto,
    Always,
    Never,
}

const PROGRESS_MODES: &[Choice<ProgressMode>] = &[
    Choice::new(ProgressMode::Auto, "auto", "On a terminal only"),
    Choice::new(ProgressMode::Always, "always", "Always"),
    Choice::new(ProgressMode::Never, "never", "Never"),
];

const EOFS: &[Choice<Eof>] = &[
    Choice::new(
        Eof::Half,
        "half",
        "Half-close: send the end of file; the other direction continues to its own end",
    ),
    Choice::new(Eof::Close, "close", "End both directions, after delivering what was read"),
    Choice::new(Eof::Wait, "wait", "Do not send the end of file; the other direction continues"),
];

const EMPTY_MESSAGES: &[Choice<EmptyMessages>] = &[
    Choice::new(EmptyMessages::Eof, "eof", "The end of file"),
    Choice::new(
        EmptyMessages::Data,
        "data",
        "Nothing: received ones are skipped, and none is sent",
    ),
];

const COPY_MODES: &[Choice<CopyMode>] = &[
    Choice::new(CopyMode::Auto, "auto", "Splice where possible"),
    Choice::new(CopyMode::Splice, "splice", "Splice within the kernel, or fail (Linux)"),
    Choice::new(CopyMode::Buffer, "buffer", "Copy through a buffer"),
];

impl Transfer {
    /// Returns the options of a transfer.
    ///
    /// # Errors
    /// `Unsupported` for `--copy splice` on systems other than Linux, and for `--empty-messages` on
    /// systems other than Windows.
    pub(crate) fn options(&self) -> Result<TransferOptions, Failure> {
        if self.copy == CopyMode::Splice && !system::CAN_SPLICE {
            return Err(Failure::Unsupported {
                option: "--copy splice",
                why: "only Linux can splice",
            });
        }
        if self.empty_messages.is_some() && !system::HAS_EMPTY_MESSAGES {
            return Err(Failure::Unsupported {
                option: "--empty-messages",
                why: "only the pipes of Windows have messages",
            });
        }
        Ok(TransferOptions {
            sends: !self.recv_only,
            receives: !self.send_only,
            eof: self.eof,
            empty_messages: self.empty_messages.unwrap_or(EmptyMessages::Eof),
            linger: self.linger,
            idle: self.idle_timeout,
            max_time: self.max_time,
            ignores_unread: self.ignore_unread,
            hangs_up: false,
            copy: self.copy,
            buffer: self.buffer,
        })
    }
}
