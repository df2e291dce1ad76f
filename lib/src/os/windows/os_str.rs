use std::ffi::{OsStr, OsString};

/// Converts bytes to a string. Returns `None` if they are not UTF-8, because names are text on
/// Windows.
pub(crate) fn os_string_from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

/// Returns the text after an ASCII prefix, or `None` if the text does not start with it.
pub(crate) fn strip_ascii_prefix<'a>(text: &'a OsStr, prefix: &str) -> Option<&'a OsStr> {
    debug_assert!(prefix.is_ascii());
    let rest = text.as_encoded_bytes().strip_prefix(prefix.as_bytes())?;
    // SAFETY: the bytes come from an `OsStr` and were split directly after a valid UTF-8
    // substring, or at the beginning, as `from_encoded_bytes_unchecked` requires.
    Some(unsafe { OsStr::from_encoded_bytes_unchecked(rest) })
}
