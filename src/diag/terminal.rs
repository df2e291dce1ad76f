use super::{
    stderr::StderrLine,
    style::{Style, styled},
};
use std::io::{IsTerminal, stderr, stdout};

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
    /// On a terminal, unless `NO_COLOR` is set.
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

impl Terminal {
    /// Creates it from the options, and queries whether stderr is a terminal.
    pub(crate) fn new(options: MessageOptions) -> Self {
        let is_terminal = stderr().is_terminal();
        Self {
            format: options.format,
            color: is_colored(options.color, is_terminal),
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

    /// Returns whether text on stdout may be coloured.
    pub(crate) fn colors_stdout(&self) -> bool {
        is_colored(self.choice, stdout().is_terminal())
    }

    /// Returns whether `-q` was given.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Writes a message for a person at the terminal. Without a terminal it is a message of `-v`.
    pub(crate) fn announce(&self, text: &str) {
        if self.is_terminal && self.quiet == 0 && self.format == LogFormat::Text {
            self.line(&format!("{}{text}", styled("lsock: ", Style::Plain, self.color)));
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
            LogFormat::Text => self.line(&format!("lsock: {text}")),
            LogFormat::Json => {
                let mut object = serde_json::json!({ "level": "INFO", "message": text });
                for (name, number) in numbers {
                    if let Some(number) = number {
                        object[*name] = (*number).into();
                    }
                }
                self.line(&object.to_string());
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
                self.line(&format!("{}{message}", styled("lsock: ", Style::Error, self.color)));
                if let Some(hint) = hint {
                    self.line(&format!("{}{hint}", styled("hint: ", Style::Hint, self.color)));
                }
            }
            LogFormat::Json => {
                let mut object = serde_json::json!({ "level": "ERROR", "message": message });
                if let Some(hint) = hint {
                    object["hint"] = hint.into();
                }
                self.line(&object.to_string());
            }
        }
    }

    /// Writes a line.
    #[expect(clippy::unused_self, reason = "only who has the options may write")]
    fn line(&self, text: &str) {
        super::stderr::write(format!("{text}\n").as_bytes(), StderrLine::Stays);
    }
}

fn is_colored(choice: Option<Color>, is_terminal: bool) -> bool {
    match choice {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        Some(Color::Auto) | None => {
            is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}
