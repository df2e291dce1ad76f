//! Commands (`exec:COMMAND`, or the words after `--`).

use crate::{
    diag::{Failure, escaped, quoted, shell_of},
    system::command,
};
use local_socket::Platform;
use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    process,
};

pub(super) const PREFIX: &str = "exec:";

/// The reason to refuse characters that only a shell understands.
const NO_SHELL: &str = match Platform::CURRENT {
    Platform::Windows => {
        "it is run without a shell: quote the characters, or use `-- cmd /c COMMAND`"
    }
    _ => "it is run without a shell: quote the characters, or use `-- sh -c 'COMMAND'`",
};

/// A command and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    program: OsString,
    args: Vec<OsString>,
}

impl CommandLine {
    /// Returns the command of these words; `None` if there are none.
    pub(crate) fn new(words: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut words = words.into_iter();
        words.next().map(|program| Self { program, args: words.collect() })
    }

    /// Returns the shell of a system with a command.
    pub(crate) fn of_shell(platform: Platform, line: &str) -> Self {
        let [shell, option] = shell_of(platform);
        Self { program: shell.into(), args: vec![option.into(), line.into()] }
    }

    /// Splits a line into words as a shell of this system does.
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        Self::parse_for(Platform::CURRENT, rest)
    }

    fn parse_for(platform: Platform, rest: Option<&str>) -> Result<Self, &'static str> {
        let line = rest.ok_or("it is not UTF-8; a command of any bytes can follow `--`")?;
        if needs_shell(platform, line) {
            return Err(NO_SHELL);
        }
        let words = match platform {
            Platform::Linux | Platform::Unix => shlex::split(line),
            Platform::Windows => split_for_windows(line),
        };
        let words = words.ok_or("a quote is not closed")?;
        Self::new(words.into_iter().map(OsString::from)).ok_or("it takes a command")
    }

    /// Checks that the system can find and execute the program, so that a wrong word is an error
    /// before anything is opened.
    ///
    /// # Errors
    /// `Program` if it cannot.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        command::check_program(&self.program).map_err(|error| {
            let is_one_word = self.args.is_empty()
                && error.kind() == ErrorKind::NotFound
                && self.program.to_string_lossy().contains(char::is_whitespace);
            Failure::Program { command: self.to_string(), error, is_one_word }
        })
    }

    /// Returns the command, ready to be started.
    pub(crate) fn prepare(&self) -> process::Command {
        let mut command = process::Command::new(&self.program);
        command.args(&self.args);
        command
    }

    /// Returns the error of a command that could not be started.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        Failure::Command { command: self.to_string(), error }
    }

    /// Returns the text of the endpoint, which [`parse`](Self::parse) splits into the same words, if
    /// they are UTF-8.
    pub(crate) fn endpoint(&self) -> String {
        self.endpoint_for(Platform::CURRENT)
    }

    fn endpoint_for(&self, platform: Platform) -> String {
        let words: Vec<_> = self.words().map(|word| word.to_string_lossy()).collect();
        let line = match platform {
            // It fails for a word with a NUL, which no argument can contain.
            Platform::Linux | Platform::Unix => shlex::try_join(words.iter().map(|word| &**word))
                .unwrap_or_else(|_| self.to_string()),
            Platform::Windows => {
                let words: Vec<_> = words.iter().map(|word| quoted_for_windows(word)).collect();
                words.join(" ")
            }
        };
        format!("{PREFIX}{line}")
    }

    /// Returns the words as a part of a line for a shell of this system.
    pub(crate) fn shell_words(&self) -> String {
        let words: Vec<_> = self.words().map(|word| quoted(&word.to_string_lossy())).collect();
        words.join(" ")
    }

    fn words(&self) -> impl Iterator<Item = &OsString> {
        [&self.program].into_iter().chain(&self.args)
    }
}

/// Returns whether a line has a character outside of quotes that only a shell understands.
pub(super) fn needs_shell(platform: Platform, line: &str) -> bool {
    let has_escapes = platform != Platform::Windows;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') if has_escapes => drop(chars.next()),
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?') => return true,
            _ => {}
        }
    }
    false
}

/// Splits a line into words, in which both kinds of quotes group and a backslash is an ordinary
/// character, as in PowerShell. Returns `None` if a quote is not closed.
///
/// Programs of Windows read `\"` as a quote, so that `"C:\a b\" c` is one word for them. Here a path
/// can end in a backslash, and a word with one kind of quotes is put into the other.
fn split_for_windows(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => quote = None,
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_with(String::new).push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// Quotes a word so that [`split_for_windows`] returns it. Single quotes come first: the line is often
/// put into double quotes for a shell.
fn quoted_for_windows(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./\\:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let parts = word.split('\'').map(|part| match part {
        "" => String::new(),
        part => format!("'{part}'"),
    });
    let quoted = parts.collect::<Vec<_>>().join("\"'\"");
    if quoted.is_empty() { "''".to_owned() } else { quoted }
}

impl Display for CommandLine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.words().map(|word| escaped(&word.to_string_lossy())).collect();
        f.write_str(&words.join(" "))
    }
}

/// Describes the target of connections for `--explain`: the command, or the standard streams.
pub(crate) fn joined_to(command: Option<&CommandLine>) -> String {
    command.map_or("stdin and stdout".to_owned(), |command| format!("the command `{command}`"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let command = CommandLine::parse_for(Platform::Windows, Some(line)).ok()?;
        command.words().map(|word| word.to_str().map(str::to_owned)).collect()
    }

    #[test]
    fn a_backslash_is_an_ordinary_character_in_commands_of_windows() {
        for (line, expected) in [
            (
                r"C:\windows\system32\cmd.exe /c exit",
                &[r"C:\windows\system32\cmd.exe", "/c", "exit"][..],
            ),
            (r#""C:\Program Files (x86)\a.exe" -v"#, &[r"C:\Program Files (x86)\a.exe", "-v"]),
            (r"'C:\Program Files\a.exe' -v", &[r"C:\Program Files\a.exe", "-v"]),
            (r#"a "C:\b c\" d"#, &["a", r"C:\b c\", "d"]),
            (r"\\host\a\b", &[r"\\host\a\b"]),
            (r#"a '"b"' "it's" x"y z"'w'"#, &["a", r#""b""#, "it's", "xy zw"]),
            (r#" a  "" ''"#, &["a", "", ""]),
        ] {
            let expected: Vec<String> = expected.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(words(line), Some(expected), "{line}");
        }
        for line in [r#"a "b"#, "a 'b", r"a | b", r"a\|b", "(a)", ""] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    #[test]
    fn a_backslash_escapes_in_commands_of_unix() {
        let command = CommandLine::parse_for(Platform::Linux, Some(r"a\ b c\|d")).unwrap();
        assert_eq!(command.args, ["c|d"]);
        assert_eq!(command.endpoint_for(Platform::Linux), "exec:'a b' 'c|d'");
    }

    proptest! {
        #[test]
        fn the_words_of_a_printed_command_are_the_same(
            words in prop::collection::vec(r#"[a-z\\"' |é]{0,6}"#, 1..4)
        ) {
            let command = CommandLine::new(words.into_iter().map(OsString::from)).unwrap();
            for platform in [Platform::Linux, Platform::Unix, Platform::Windows] {
                let text = command.endpoint_for(platform);
                let again = CommandLine::parse_for(platform, text.strip_prefix(PREFIX));
                prop_assert_eq!(again.as_ref(), Ok(&command), "{}", text);
            }
        }
    }
}
