use std::ffi::{OsStr, OsString};

/// Names are text here: bytes that are not UTF-8 make none.
pub(crate) fn os_string_from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

/// What follows an ASCII prefix.
pub(crate) fn strip_ascii_prefix<'a>(text: &'a OsStr, prefix: &str) -> Option<&'a OsStr> {
    debug_assert!(prefix.is_ascii());
    let rest = text.as_encoded_bytes().strip_prefix(prefix.as_bytes())?;
    // SAFETY: the bytes come from an `OsStr` and were split right after a substring
    // that is not empty or at the beginning, and valid UTF-8, which is what
    // `from_encoded_bytes_unchecked` asks for.
    Some(unsafe { OsStr::from_encoded_bytes_unchecked(rest) })
}
