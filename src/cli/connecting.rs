use super::value;
use crate::{
    endpoint::{RetryPolicy, Wait},
    system::ServerUser,
};
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
    ///
    /// --timeout, as it was called before, is still understood.
    #[arg(long, alias = "timeout", value_name = "DURATION", value_parser = value::duration)]
    pub(crate) connect_timeout: Option<Duration>,

    /// Send nothing unless the server runs as WHO: me, NAME, user:NAME, uid:N or sid:SID.
    ///
    /// Compared after connecting with the user that the system reports: on Unix that of the process
    /// that listens, on Windows the owner of the pipe. Another user is an error with status 3.
    #[arg(long, value_name = "WHO")]
    pub(crate) server_user: Option<ServerUser>,
}

impl Connecting {
    /// Returns how long to wait for a server.
    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        let wait = match self.wait {
            None => Wait::Not,
            Some(None) => Wait::ForEver,
            Some(Some(limit)) => Wait::AtMost(limit),
        };
        RetryPolicy::new(wait, self.connect_timeout)
    }
}
