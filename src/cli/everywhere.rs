use clap::{ArgAction, Args, ValueEnum};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// Say more: once what happens, twice how, three times every step.
    ///
    /// The environment variable LSOCK_LOG takes precedence; it has the filter syntax of
    /// tracing-subscriber, for example `lsock=info,local_socket=debug`.
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 900)]
    pub(crate) verbose: u8,

    /// Say less: once no warnings, twice no errors either.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose", display_order = 901)]
    pub(crate) quiet: u8,

    /// How messages are written to stderr.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value = "text",
        display_order = 902
    )]
    pub(crate) log_format: LogFormat,

    /// Whether messages and help are coloured.
    ///
    /// `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        display_order = 903
    )]
    pub(crate) color: Color,
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
