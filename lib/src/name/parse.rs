use super::{
    Name, NameKind, check,
    kind::{filesystem, namespaced},
};
use crate::{
    Platform,
    error::{NameError, NameProblem},
    os::imp::{os_string_from_bytes, strip_ascii_prefix},
};
use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    str::FromStr,
};

impl<'n> Name<'n> {
    /// Parses a name as a user types it, by the rules of this system.
    ///
    /// | text | name |
    /// |---|---|
    /// | `fs:TEXT`, `ns:TEXT` | filesystem or namespaced name; TEXT is taken unchanged |
    /// | `fs-hex:HEX`, `ns-hex:HEX` | the same for any bytes, two hexadecimal digits each (`fs-hex`: Unix, `ns-hex`: Linux) |
    /// | `@a` | namespaced name `a` |
    /// | contains `/`; on Windows `\\.\pipe\a` or `//./pipe/a` | filesystem name |
    /// | `a`, a bare word | namespaced name `a` |
    ///
    /// A bare word consists of letters and digits of any script, `_`, `-` and `.`, and has at
    /// least one letter. It does not end in `.sock`, `.socket` or `.s`, which could be meant as
    /// a file. Every other text is refused, so that a mistake, such as the address syntax of
    /// another program, does not become a name. `@TEXT` and `ns:TEXT` are names of any text.
    ///
    /// On Windows other texts with a slash or backslash are refused, and so are names that Windows
    /// reads as others: a part between backslashes or slashes is empty, or ends in a dot or a space.
    ///
    /// ```
    /// use local_socket::Name;
    /// # #[cfg(unix)]
    /// # fn main() -> Result<(), local_socket::error::NameError> {
    /// assert!(Name::parse("./app.sock")?.is_path());
    /// assert!(Name::parse("@app")?.is_namespaced());
    /// # Ok(()) }
    /// # #[cfg(not(unix))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// A [`NameError`]; its [`problem`](NameError::problem) says why the text is not a name.
    pub fn parse<S: AsRef<OsStr> + ?Sized>(text: &'n S) -> Result<Self, NameError> {
        Self::parse_for(Platform::CURRENT, text)
    }

    /// Parses a name by the rules of the given platform.
    ///
    /// The result depends on the arguments only, so that the rules of each platform can be
    /// tested on every other. A name of a kind that this system does not have can be printed;
    /// listening on it and connecting to it fail with `Unsupported`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_for<S: AsRef<OsStr> + ?Sized>(
        platform: Platform,
        text: &'n S,
    ) -> Result<Self, NameError> {
        let text = text.as_ref();
        if let Some(path) = strip_ascii_prefix(text, "fs:") {
            return filesystem(Cow::Borrowed(path), platform);
        }
        if let Some(word) = strip_ascii_prefix(text, "ns:") {
            return namespaced(Cow::Borrowed(word), platform);
        }
        if let Some(hex) = strip_ascii_prefix(text, "fs-hex:") {
            let path = from_hex(text, hex, platform != Platform::Windows)?;
            return check(NameKind::File, Cow::Owned(path), platform, false);
        }
        if let Some(hex) = strip_ascii_prefix(text, "ns-hex:") {
            let bytes = from_hex(text, hex, platform == Platform::Linux)?;
            return check(NameKind::Abstract, Cow::Owned(bytes), platform, true);
        }
        if let Some(word) = strip_ascii_prefix(text, "@") {
            return namespaced(Cow::Borrowed(word), platform);
        }
        if platform == Platform::Windows {
            return parse_windows(text);
        }
        if text.as_encoded_bytes().contains(&b'/') {
            return filesystem(Cow::Borrowed(text), platform);
        }
        bare_word(text, platform)
    }
}

/// Makes a namespaced name of a text without a prefix.
fn bare_word(text: &OsStr, platform: Platform) -> Result<Name<'_>, NameError> {
    let name = namespaced(Cow::Borrowed(text), platform)?;
    match word_problem(&text.to_string_lossy(), platform) {
        None => Ok(name),
        Some(problem) => Err(NameError::new(text, problem)),
    }
}

/// Returns why a text is not a bare word. Invalid UTF-8 is a replacement character here, which is
/// no letter.
fn word_problem(text: &str, platform: Platform) -> Option<NameProblem> {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if let Some(character) = text.chars().find(|c| !is_allowed(*c)) {
        return Some(NameProblem::BadCharacter { character });
    }
    if !text.chars().any(char::is_alphabetic) {
        return Some(NameProblem::NoLetter);
    }
    let (_, ending) = text.rsplit_once('.')?;
    let ends_as_file =
        ["sock", "socket", "s"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    ends_as_file.then_some(NameProblem::FileOrWord { platform })
}

fn parse_windows(text: &OsStr) -> Result<Name<'_>, NameError> {
    let bytes = text.as_encoded_bytes();
    if bytes.starts_with(br"\\") {
        return local_pipe(filesystem(Cow::Borrowed(text), Platform::Windows)?);
    }
    if bytes.starts_with(b"//") {
        // In a Unix shell backslashes would have to be doubled.
        let path = text.to_string_lossy().replace('/', r"\");
        return local_pipe(filesystem(Cow::Owned(path.into()), Platform::Windows)?);
    }
    if bytes.contains(&b'/') || bytes.contains(&b'\\') {
        return Err(NameError::new(text, NameProblem::NotAPipe));
    }
    bare_word(text, Platform::Windows)
}

/// Refuses pipes of other machines, which need the prefix `fs:`.
fn local_pipe(name: Name<'_>) -> Result<Name<'_>, NameError> {
    if name.as_bytes().starts_with(br"\\.\") {
        Ok(name)
    } else {
        Err(NameError::new(&name.text, NameProblem::NotAPipe))
    }
}

fn from_hex(text: &OsStr, hex: &OsStr, here: bool) -> Result<OsString, NameError> {
    if !here {
        return Err(NameError::new(text, NameProblem::NoBytesHere));
    }
    let digits = hex.as_encoded_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes.and_then(os_string_from_bytes).ok_or_else(|| NameError::new(text, NameProblem::BadHex))
}

impl FromStr for Name<'static> {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Name::parse(text).map(Name::into_owned)
    }
}
