//! Options whose value is optional, so that it has to follow `=`.

use super::UsageError;
use crate::cli::value;
use std::ffi::OsString;

/// An option with an optional value.
pub(super) struct OptionalValue {
    pub(super) option: &'static str,
    /// Returns the value that a separate word is meant to be.
    meant: fn(&str) -> Option<String>,
}

/// All options with an optional value.
pub(super) const OPTIONS: [OptionalValue; 2] = [
    OptionalValue { option: "--wait", meant: duration },
    OptionalValue { option: "--progress", meant: progress },
];

fn duration(word: &str) -> Option<String> {
    let is_like_one = word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    is_like_one.then(|| match value::duration(word) {
        Ok(_) => word.to_owned(),
        Err(_) if is_number => format!("{word}s"),
        Err(_) => "DURATION".to_owned(),
    })
}

fn progress(word: &str) -> Option<String> {
    ["auto", "always", "never"].contains(&word).then(|| word.to_owned())
}

/// Returns an error if a value follows an option as a word of its own, where it would be taken for
/// a name: the value of an option with an optional value, or the seconds of nc's `-q`.
pub(in crate::cli) fn separate_value(args: &[OsString]) -> Option<UsageError> {
    let words = args.iter().skip(1).map_while(|arg| arg.to_str()).take_while(|arg| *arg != "--");
    let words: Vec<&str> = words.collect();
    words.windows(2).find_map(|pair| {
        let [option, word] = [pair[0], pair[1]];
        if option == "-q" && word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty() {
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
