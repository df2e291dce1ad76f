//! How messages look.

use local_socket::Platform;
use std::{borrow::Cow, fmt::Write as _, path::Path};

/// The look of a part of a message.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Style {
    Plain,
    Error,
    Warning,
    Hint,
    /// What a trace shows of the direction from the client to the server.
    ToServer,
    /// The same of the other direction.
    ToClient,
}

/// Returns the text in a style, if colours are used.
pub(crate) fn styled(text: &str, style: Style, color: bool) -> String {
    let code = match style {
        Style::Error if color => "1;31",
        Style::Warning if color => "33",
        Style::Hint if color => "36",
        Style::ToServer if color => "32",
        Style::ToClient if color => "35",
        _ => return text.to_owned(),
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Escapes every character of the text that could move the cursor of a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if local_socket::is_plain(c) {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_default());
        }
    }
    out
}

/// Appends JSON, with every character escaped that could move the cursor of a terminal. JSON has such
/// characters only within strings, except for line feeds, which stay.
pub(crate) fn push_json(out: &mut String, json: &str) {
    for c in json.chars() {
        // Most are of ASCII.
        if matches!(c, ' '..='~' | '\n') || local_socket::is_plain(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// Returns JSON as [`push_json`] appends it.
pub(crate) fn plain_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    push_json(&mut out, json);
    out
}

/// Returns a path as [`escaped`] text.
pub(crate) fn escaped_path(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// Returns a word for a shell of this system.
pub(crate) fn quoted(word: &str) -> String {
    quoted_for(Platform::CURRENT, word)
}

/// Returns a word for a shell of a system. In Unix shells, `~/` and `~USER/` at its beginning stay outside of
/// quotes, so that the shell replaces them. For the shells of Windows a backslash is an ordinary
/// character, also within quotes.
pub(crate) fn quoted_for(platform: Platform, word: &str) -> String {
    let is_windows = platform == Platform::Windows;
    let is_plain =
        |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c) || (is_windows && c == '\\');
    let end = word.find('/').map_or(word.len(), |slash| slash + 1);
    let is_home = |start: &str| {
        !is_windows && start.strip_prefix('~').is_some_and(|user| user.chars().all(is_plain))
    };
    let (home, rest) = if is_home(&word[..end]) { word.split_at(end) } else { ("", word) };
    if !word.is_empty() && rest.chars().all(is_plain) {
        return word.to_owned();
    }
    if is_windows {
        return quoted_as_argument(word);
    }
    // It fails for a word with a NUL, which no argument can contain.
    let rest = shlex::try_quote(rest).unwrap_or(Cow::Borrowed(rest));
    format!("{home}{rest}")
}

/// Returns the shell of a system, and its option for a command.
pub(crate) fn shell_of(platform: Platform) -> [&'static str; 2] {
    match platform {
        Platform::Windows => ["cmd", "/c"],
        Platform::Linux | Platform::Unix => ["sh", "-c"],
    }
}

/// Quotes a word for programs of Windows: backslashes before a double quote are doubled, and a
/// backslash makes the double quote a part of the word ("Parsing C command-line arguments").
fn quoted_as_argument(word: &str) -> String {
    let mut out = String::from('"');
    let mut backslashes = 0;
    for c in word.chars() {
        if c == '"' {
            out.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        out.push(c);
    }
    out.extend(std::iter::repeat_n('\\', backslashes));
    out.push('"');
    out
}

/// Returns a number with its noun, such as `1 byte` or `2 bytes`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_for_the_shells_of_the_system() {
        let words = [
            ("@a", "@a", "@a"),
            (r"\\.\pipe\a", r#""\\\\.\\pipe\\a""#, r"\\.\pipe\a"),
            ("./a b", "'./a b'", r#""./a b""#),
            ("~/a b", "~/'a b'", r#""~/a b""#),
            ("", "''", r#""""#),
            (r"a b\", r#""a b\\""#, r#""a b\\""#),
            (r#"a "b" c\"d"#, r#""a \"b\" c\\\"d""#, r#""a \"b\" c\\\"d""#),
        ];
        for (word, unix, windows) in words {
            assert_eq!(quoted_for(Platform::Linux, word), unix);
            assert_eq!(quoted_for(Platform::Unix, word), unix);
            assert_eq!(quoted_for(Platform::Windows, word), windows);
        }
    }
}
