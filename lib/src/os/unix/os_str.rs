use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
};

/// Converts bytes to a string.
#[expect(clippy::unnecessary_wraps, reason = "not every system can make text of any bytes")]
pub(crate) fn os_string_from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(OsString::from_vec(bytes))
}

/// Returns the text after an ASCII prefix, or `None` if the text does not start with it.
pub(crate) fn strip_ascii_prefix<'a>(text: &'a OsStr, prefix: &str) -> Option<&'a OsStr> {
    text.as_bytes().strip_prefix(prefix.as_bytes()).map(OsStr::from_bytes)
}
