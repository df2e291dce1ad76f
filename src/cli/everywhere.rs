use clap::{ArgAction, Args, ValueEnum};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// Say more: once what happens, twice how, three times every step.
    ///
    /// The environment variable LSOCK_LOG takes precedence; it has the filter syntax of
    /// tracing-subscriber, for example `lsock=info,local_socket=debug`.
    #[arg(short, long, action = ArgAction::Count, display_order = 900)]
    pub(crate) verbose: u8,

    /// Say less: once no warnings, twice no errors either.
    #[arg(short, long, action = ArgAction::Count, display_order = 901)]
    pub(crate) quiet: u8,

    /// How messages are written to stderr [default: text].
    #[arg(long, value_name = "FORMAT", value_enum, display_order = 902)]
    pub(crate) log_format: Option<LogFormat>,

    /// Whether messages and help are coloured [default: auto].
    #[arg(long, value_name = "WHEN", value_enum, display_order = 903)]
    pub(crate) color: Option<Color>,
}

impl Everywhere {
    /// As if nothing were given.
    pub(crate) const DEFAULT: Self = Self { verbose: 0, quiet: 0, log_format: None, color: None };

    /// Adds what stands after the command to what stands before it.
    pub(super) fn add(&mut self, later: &Self) {
        self.verbose = self.verbose.saturating_add(later.verbose);
        self.quiet = self.quiet.saturating_add(later.quiet);
        self.log_format = later.log_format.or(self.log_format);
        self.color = later.color.or(self.color);
    }
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object in each line.
    Json,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// In any case.
    Always,
    /// Never.
    Never,
}
