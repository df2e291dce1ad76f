use super::value;
use crate::endpoint::{RetryPolicy, Wait};
use clap::Args;
use std::time::Duration;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connecting")]
pub(crate) struct Connecting {
    /// Retry while nobody listens, for at most DURATION.
    ///
    /// Without a value there is no limit.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        value_parser = value::duration
    )]
    // Outer: whether the option is given. Inner: its value, if any.
    #[allow(clippy::option_option, reason = "what clap makes of an optional value")]
    pub(crate) wait: Option<Option<Duration>>,

    /// Give up a connection attempt (full backlog, busy pipe) after DURATION.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) timeout: Option<Duration>,
}

impl Connecting {
    /// Returns how long to wait for a server.
    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        let wait = match self.wait {
            None => Wait::Not,
            Some(None) => Wait::ForEver,
            Some(Some(limit)) => Wait::AtMost(limit),
        };
        RetryPolicy::new(wait, self.timeout)
    }
}
