use super::escape::escape;

/// The longest line, in bytes before they are escaped.
const LONGEST: usize = 1024;

/// Calls the function with each line of escaped text. A line ends after a line feed, or when it is
/// too long.
pub(super) fn write(_: u64, bytes: &[u8], line: &mut dyn FnMut(&str)) {
    let mut text = String::new();
    for whole in bytes.split_inclusive(|byte| *byte == b'\n') {
        let mut rest = whole;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(end_of_piece(rest));
            text.clear();
            escape(&mut text, piece);
            line(&text);
            rest = after;
        }
    }
}

/// Returns the length of the bytes for one line. A character of several bytes is not divided.
fn end_of_piece(bytes: &[u8]) -> usize {
    if bytes.len() <= LONGEST {
        return bytes.len();
    }
    let is_start = |index: &usize| bytes[*index] & 0xc0 != 0x80;
    (LONGEST - 3..=LONGEST).rev().find(is_start).unwrap_or(LONGEST)
}
