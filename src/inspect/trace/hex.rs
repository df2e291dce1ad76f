use crate::inspect::byte_text::{printable, push_hex};
use std::fmt::Write as _;

/// Number of bytes in a line.
const WIDTH: usize = 16;

/// Calls the function with each line: the offset in the direction, hexadecimal digits, and the
/// printable characters of ASCII.
pub(super) fn write(offset: u64, bytes: &[u8], line: &mut dyn FnMut(&str)) {
    let mut text = String::new();
    for (number, row) in bytes.chunks(WIDTH).enumerate() {
        text.clear();
        // Writing to a String cannot fail.
        let _ = write!(text, "{:08x} ", offset + (number * WIDTH) as u64);
        for column in 0..WIDTH {
            text.push_str(if column == WIDTH / 2 { "  " } else { " " });
            match row.get(column) {
                Some(byte) => push_hex(&mut text, *byte),
                None => text.push_str("  "),
            }
        }
        text.push_str("  |");
        text.extend(printable(row));
        text.push('|');
        line(&text);
    }
}
