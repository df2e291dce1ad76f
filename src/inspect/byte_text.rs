//! Bytes as hexadecimal digits and as printable characters.

/// Appends the two hexadecimal digits of a byte. Formatting is too slow for every byte of a trace.
pub(super) fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 0xf)]));
}

/// Returns the hexadecimal digits of bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    bytes.iter().for_each(|byte| push_hex(&mut digits, *byte));
    digits
}

/// Returns the printable characters of ASCII, and a full stop for every other byte.
pub(super) fn printable(bytes: &[u8]) -> impl Iterator<Item = char> {
    let is_shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    bytes.iter().map(move |byte| if is_shown(*byte) { char::from(*byte) } else { '.' })
}
