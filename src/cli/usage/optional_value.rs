//! Options whose value is optional, so that it has to follow `=`.

use super::{UsageError, line};
use crate::{cli::value, endpoint::is_number, system::LeaveKey};
use std::ffi::OsString;

/// An option with an optional value.
pub(super) struct OptionalValue {
    pub(super) option: &'static str,
    /// Returns the value for which a separate word stands; `None` if the word is no value.
    meant: fn(&str) -> Option<String>,
}

/// All options with an optional value.
pub(super) const OPTIONS: [OptionalValue; 5] = [
    OptionalValue { option: "--wait", meant: duration },
    OptionalValue { option: "--probe", meant: duration },
    OptionalValue { option: "--progress", meant: progress },
    OptionalValue { option: "--trace", meant: trace },
    OptionalValue { option: "--raw", meant: key },
];

fn duration(word: &str) -> Option<String> {
    if is_number(word) {
        return Some(format!("{word}s"));
    }
    // A name can start with a digit as well.
    let is_one = value::duration(word).is_ok() && !word.contains(char::is_whitespace);
    is_one.then(|| word.to_owned())
}

fn progress(word: &str) -> Option<String> {
    ["auto", "always", "never"].contains(&word).then(|| word.to_owned())
}

fn trace(word: &str) -> Option<String> {
    ["text", "hex", "json"].contains(&word).then(|| word.to_owned())
}

fn key(word: &str) -> Option<String> {
    word.parse().ok().map(|key: LeaveKey| key.to_string())
}

/// Returns an error if a value follows an option as a word of its own, where it would be taken for
/// a name: the value of an option with an optional value, or the seconds of nc's `-q`.
pub(in crate::cli) fn separate_value(args: &[OsString]) -> Option<UsageError> {
    let words = args.iter().skip(1).map_while(|arg| arg.to_str()).take_while(|arg| *arg != "--");
    let words: Vec<&str> = words.collect();
    words.windows(2).find_map(|pair| {
        let [option, word] = [pair[0], pair[1]];
        let lingers = || {
            let command = line::command(args);
            command.is_none_or(|command| ["listen", "connect", "relay", "tap"].contains(&&*command))
        };
        if option == "-q" && is_number(word) && lingers() {
            return Some(UsageError::Advised(
                format!("`-q` is --quiet, which takes no value, but `{word}` follows"),
                format!(
                    "`--linger={word}s` limits the wait after the end of file, as nc's -q does"
                ),
            ));
        }
        let known = OPTIONS.iter().find(|known| known.option == option)?;
        let value = (known.meant)(word)?;
        Some(UsageError::Advised(
            format!("the value of `{option}` has to follow `=`, but `{word}` is a word of its own"),
            format!("write `{option}={value}`"),
        ))
    })
}
