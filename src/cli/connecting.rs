use super::value;
use clap::Args;
use std::time::Duration;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connecting")]
pub(crate) struct Connecting {
    /// Keep trying while the name does not exist or refuses, at most that long.
    ///
    /// Without a value there is no limit.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        value_parser = value::duration
    )]
    // Outside: given or not; inside: with a limit or without.
    #[allow(clippy::option_option, reason = "what clap makes of an optional value")]
    pub(crate) wait: Option<Option<Duration>>,

    /// Give up a connection attempt (a full backlog, a busy pipe) after that long.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) timeout: Option<Duration>,
}
