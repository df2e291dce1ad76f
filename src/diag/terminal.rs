use super::{
    log::{json_message, time_prefix},
    stderr::StderrLine,
    style::{Style, styled},
};
use std::{
    env,
    ffi::OsString,
    io::{IsTerminal, stderr, stdout},
};

/// The format of messages on stderr.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object in each line.
    Json,
}

/// When messages and help are coloured.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    Auto,
    Always,
    Never,
}

/// Which messages are written, and how.
#[derive(Copy, Clone, Debug)]
pub(crate) struct MessageOptions {
    /// The number of `-v`.
    pub(crate) verbose: u8,
    /// The number of `-q`.
    pub(crate) quiet: u8,
    pub(crate) format: LogFormat,
    pub(crate) color: Option<Color>,
}

/// How messages are written to stderr.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Terminal {
    pub(super) format: LogFormat,
    pub(super) color: bool,
    is_terminal: bool,
    choice: Option<Color>,
    pub(super) verbose: u8,
    pub(super) quiet: u8,
}

/// The target of messages that are not of a part of the program.
const TARGET: &str = "lsock";

impl Terminal {
    /// Creates it from the options, and queries whether stderr is a terminal.
    pub(crate) fn new(options: MessageOptions) -> Self {
        let is_terminal = stderr().is_terminal();
        Self {
            format: options.format,
            color: is_colored(options.color, is_terminal, &variable)
                && lsock_startup::stderr_takes_escapes(),
            is_terminal,
            choice: options.color,
            verbose: options.verbose,
            quiet: options.quiet,
        }
    }

    /// Returns whether stderr is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Returns whether messages are lines for people, not JSON.
    pub(crate) fn is_for_people(&self) -> bool {
        self.format == LogFormat::Text
    }

    /// Returns whether text on stderr may be coloured.
    pub(crate) fn colors_stderr(&self) -> bool {
        self.color
    }

    /// Returns whether text on stdout may be coloured.
    pub(crate) fn colors_stdout(&self) -> bool {
        is_colored(self.choice, stdout().is_terminal(), &variable)
            && lsock_startup::stdout_takes_escapes()
    }

    /// Returns whether `-q` was given.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Writes a message for a person at the terminal. Without a terminal it is a message of `-v`.
    pub(crate) fn announce(&self, text: &str) {
        if self.is_terminal && self.quiet == 0 && self.format == LogFormat::Text {
            let prefix = styled("lsock: ", Style::Plain, self.color);
            self.line(&format!("{}{prefix}{text}", time_prefix()));
        } else {
            tracing::info!("{text}");
        }
    }

    /// Writes a message that is no warning, unless `-q` was given.
    pub(crate) fn notice(&self, text: &str) {
        if !self.is_quiet() {
            self.info(text, &[]);
        }
    }

    /// Ends the line in which the cursor of the terminal is, so that a message gets its own line.
    pub(crate) fn break_line(&self) {
        if self.is_terminal && self.quiet == 0 && self.format == LogFormat::Text {
            self.line("");
        }
    }

    /// Writes requested lines to stderr, because stdout has other data.
    pub(crate) fn show(&self, text: &str) {
        let text = text.trim_end();
        match self.format {
            LogFormat::Text => self.line(text),
            LogFormat::Json => self.info(text, &[]),
        }
    }

    /// Writes a line of information. JSON has the numbers as well.
    pub(crate) fn info(&self, text: &str, numbers: &[(&str, Option<u64>)]) {
        match self.format {
            LogFormat::Text => self.line(&format!("{}lsock: {text}", time_prefix())),
            LogFormat::Json => {
                let numbers = numbers.iter().filter_map(|(name, it)| Some((*name, (*it)?.into())));
                self.line(&json_message("INFO", TARGET, text, numbers));
            }
        }
    }

    /// Writes an error and, below it, the hint.
    pub(crate) fn error(&self, message: &str, hint: Option<&str>) {
        if self.quiet > 1 {
            return;
        }
        match self.format {
            LogFormat::Text => {
                let prefix = styled("lsock: ", Style::Error, self.color);
                self.line(&format!("{}{prefix}{message}", time_prefix()));
                if let Some(hint) = hint {
                    self.line(&format!("{}{hint}", styled("hint: ", Style::Hint, self.color)));
                }
            }
            LogFormat::Json => {
                let hint = hint.map(|hint| ("hint", hint.into()));
                self.line(&json_message("ERROR", TARGET, message, hint));
            }
        }
    }

    /// Writes a line.
    #[expect(clippy::unused_self, reason = "only who has the options may write")]
    fn line(&self, text: &str) {
        super::stderr::write(format!("{text}\n").as_bytes(), StderrLine::Stays);
    }
}

/// Returns a variable of the environment.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// Returns whether text for a stream is coloured, as far as the user decides.
fn is_colored(
    choice: Option<Color>,
    is_terminal: bool,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> bool {
    match choice {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        Some(Color::Auto) | None => {
            is_terminal
                && variable("NO_COLOR").is_none_or(|value| value.is_empty())
                && variable("TERM").is_none_or(|value| value != "dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_about_colors_of_a_terminal() {
        let none: &[(&str, &str)] = &[];
        for (variables, is_expected) in [
            (none, true),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], true),
            (&[("TERM", "")], true),
            (&[("NO_COLOR", "1")], false),
            (&[("TERM", "dumb")], false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            };
            for choice in [None, Some(Color::Auto)] {
                assert_eq!(is_colored(choice, true, &variable), is_expected, "{variables:?}");
                assert!(!is_colored(choice, false, &variable));
            }
            for is_terminal in [true, false] {
                assert!(is_colored(Some(Color::Always), is_terminal, &variable));
                assert!(!is_colored(Some(Color::Never), is_terminal, &variable));
            }
        }
    }
}
