use super::{Everywhere, value};
use clap::Args;
use local_socket::Name;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(mut_arg("quiet", |quiet| {
    quiet
        .help("Print nothing; the exit status is the answer")
        .long_help("Print nothing; the exit status is the answer.\n\nWith -qq no errors either.")
}))]
pub(crate) struct NameCommand {
    /// The names: ./file, /path/to/file, @name or a bare word.
    #[arg(value_name = "NAME", required = true, value_parser = value::name())]
    pub(crate) names: Vec<Name<'static>>,

    /// Connect, to see whether the server accepts; retry for at most DURATION.
    ///
    /// Nothing is sent. Without a value there is one attempt, which does not wait if the backlog is
    /// full. With a value the attempts go on until the server of every name has accepted a
    /// connection, or the time is over (status 4).
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        value_parser = value::duration,
        help_heading = "Report"
    )]
    // Outer: whether the option is given. Inner: its value, if any.
    #[allow(clippy::option_option, reason = "what clap makes of an optional value")]
    pub(crate) probe: Option<Option<Duration>>,

    /// Show at most N clients of each server.
    #[arg(
        long,
        value_name = "N",
        default_value = "10",
        value_parser = value::clients_shown,
        help_heading = "Report"
    )]
    pub(crate) clients: usize,

    /// Print one JSON object a line for each name.
    #[arg(long, help_heading = "Report")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
