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
    /// Reads a name as a person types it, by the rules of this system.
    ///
    /// | text | name |
    /// |---|---|
    /// | `fs:TEXT`, `ns:TEXT` | filesystem or namespaced name, TEXT taken verbatim |
    /// | `fs-hex:HEX`, `ns-hex:HEX` | the same of any bytes, two hexadecimal digits each (Unix) |
    /// | `@a` | namespaced name `a`, whatever `a` holds |
    /// | holds `/`; on Windows `\\.\pipe\a` or `//./pipe/a` | filesystem name |
    /// | `a` | namespaced name `a` |
    ///
    /// A bare word that means something else to a person (`-`, `tcp:...`,
    /// `exec:...`, `fd:...`; on Windows whatever holds a backslash) is refused.
    ///
    /// # Errors
    /// A [`NameError`], which says what is wrong with the text.
    pub fn parse<S: AsRef<OsStr> + ?Sized>(text: &'n S) -> Result<Self, NameError> {
        Self::parse_for(Platform::CURRENT, text)
    }

    /// Reads a name by the rules of the given platform: a pure function of its
    /// arguments, so that each platform's rules can be tested on any. A name of
    /// another platform can be printed, but not listened on or connected to.
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

fn parse_windows(text: &OsStr) -> Result<Name<'_>, NameError> {
    let bytes = text.as_encoded_bytes();
    if bytes.starts_with(br"\\") {
        return local_pipe(filesystem(Cow::Borrowed(text), Platform::Windows)?);
    }
    if bytes.starts_with(b"//") {
        // What programs that are called from a Unix shell are given, where
        // backslashes would have to be doubled.
        let path = text.to_string_lossy().replace('/', r"\");
        return local_pipe(filesystem(Cow::Owned(path.into()), Platform::Windows)?);
    }
    if bytes.contains(&b'/') || bytes.contains(&b'\\') {
        return Err(NameError::new(text, NameProblem::NotAPipe));
    }
    bare_word(text, Platform::Windows)
}

/// On the command line a pipe is one of this machine.
fn local_pipe(name: Name<'_>) -> Result<Name<'_>, NameError> {
    if name.as_bytes().starts_with(br"\\.\") {
        Ok(name)
    } else {
        Err(NameError::new(&name.text, NameProblem::NotAPipe))
    }
}

fn bare_word(text: &OsStr, platform: Platform) -> Result<Name<'_>, NameError> {
    let bytes = text.as_encoded_bytes();
    let scheme = ["tcp:", "exec:", "fd:"].into_iter().find(|s| bytes.starts_with(s.as_bytes()));
    match scheme.or((bytes == b"-").then_some("-")) {
        Some(scheme) => Err(NameError::new(text, NameProblem::OtherEndpoint { scheme })),
        None => namespaced(Cow::Borrowed(text), platform),
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
