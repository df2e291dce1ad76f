use super::value::{Choice, choice, chosen};
use crate::diag::{Color, LogFormat, MessageOptions};
use clap::{ArgAction, Args};
use std::ffi::OsString;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// Log more: -v connections and totals, -vv retries and ends, -vvv debugging.
    ///
    /// The environment variable LSOCK_LOG takes precedence for all messages but the error that
    /// ends the command. It uses the filter syntax of tracing-subscriber, for example
    /// `lsock=info,local_socket=debug`.
    #[arg(short, long, action = ArgAction::Count, display_order = 900)]
    pub(crate) verbose: u8,

    /// Log less: -q no warnings, -qq no errors.
    #[arg(short, long, action = ArgAction::Count, display_order = 901)]
    pub(crate) quiet: u8,

    /// Format of messages on stderr [default: text].
    #[arg(long, value_name = "FORMAT", value_parser = choice(FORMATS), display_order = 902)]
    pub(crate) log_format: Option<LogFormat>,

    /// When to colour messages and help [default: auto].
    #[arg(long, value_name = "WHEN", value_parser = choice(COLORS), display_order = 903)]
    pub(crate) color: Option<Color>,
}

impl Everywhere {
    /// No options given.
    pub(crate) const DEFAULT: Self = Self { verbose: 0, quiet: 0, log_format: None, color: None };

    /// Returns the options of messages.
    pub(crate) fn messages(&self) -> MessageOptions {
        MessageOptions {
            verbose: self.verbose,
            quiet: self.quiet,
            format: self.log_format.unwrap_or(LogFormat::Text),
            color: self.color,
        }
    }

    /// Returns the format and the colours that a command line asks for. It is not parsed, so they
    /// are also found in a wrong one, before and after the mistake.
    pub(super) fn scan(args: &[OsString]) -> Self {
        let words: Vec<&str> =
            args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--").collect();
        let value = |option: &str| {
            words.iter().enumerate().rev().find_map(|(index, word)| {
                match word.strip_prefix(option)? {
                    "" => words.get(index + 1).copied(),
                    rest => rest.strip_prefix('='),
                }
            })
        };
        Self {
            log_format: value("--log-format").and_then(|value| chosen(FORMATS, value)),
            color: value("--color").and_then(|value| chosen(COLORS, value)),
            ..Self::DEFAULT
        }
    }

    /// Adds the options that follow the command to those before it.
    pub(super) fn add(&mut self, later: &Self) {
        self.verbose = self.verbose.saturating_add(later.verbose);
        self.quiet = self.quiet.saturating_add(later.quiet);
        self.log_format = later.log_format.or(self.log_format);
        self.color = later.color.or(self.color);
    }
}

const FORMATS: &[Choice<LogFormat>] = &[
    Choice::new(LogFormat::Text, "text", "Lines for people"),
    Choice::new(LogFormat::Json, "json", "One JSON object in each line"),
];

const COLORS: &[Choice<Color>] = &[
    Choice::new(Color::Auto, "auto", "On a terminal, unless NO_COLOR is set or TERM is dumb"),
    Choice::new(Color::Always, "always", "Always"),
    Choice::new(Color::Never, "never", "Never"),
];
