use crate::inspect::byte_text::push_hex;

/// Appends bytes as text. Printable characters stay; a backslash, and every byte of what could move
/// the cursor of a terminal, is escaped as in the C language.
pub(super) fn escape(out: &mut String, bytes: &[u8]) {
    for piece in bytes.utf8_chunks() {
        for c in piece.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if is_plain(c) => out.push(c),
                c => escape_bytes(out, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        escape_bytes(out, piece.invalid());
    }
}

fn escape_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push_str("\\x");
        push_hex(out, *byte);
    }
}

/// Returns whether a character cannot move the cursor of a terminal. Most are of ASCII.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') || local_socket::is_plain(c)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut text = String::new();
        escape(&mut text, bytes);
        text
    }

    /// Returns the bytes that were escaped.
    fn unescaped(text: &str) -> Vec<u8> {
        let (mut bytes, mut rest) = (Vec::new(), text);
        while let Some((plain, escape)) = rest.split_once('\\') {
            bytes.extend(plain.as_bytes());
            let (byte, length) = match escape.as_bytes()[0] {
                b'n' => (b'\n', 1),
                b'r' => (b'\r', 1),
                b't' => (b'\t', 1),
                b'\\' => (b'\\', 1),
                _ => (u8::from_str_radix(&escape[1..3], 16).unwrap(), 3),
            };
            bytes.push(byte);
            rest = &escape[length..];
        }
        bytes.extend(rest.as_bytes());
        bytes
    }

    #[test]
    fn text_stays_as_it_is_and_the_rest_is_escaped() {
        for (bytes, text) in [
            (&b"GET / HTTP/1.1\r\n"[..], r"GET / HTTP/1.1\r\n"),
            ("wörld 日本".as_bytes(), "wörld 日本"),
            (b"\x1b[2J\x07\0", r"\x1b[2J\x07\x00"),
            (b"C:\\new\tline", r"C:\\new\tline"),
            (b"\xff\xc3", r"\xff\xc3"),
            // A control character and one that changes the direction of writing.
            ("\u{9b}\u{202e}".as_bytes(), r"\xc2\x9b\xe2\x80\xae"),
        ] {
            assert_eq!(escaped(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn escaped_bytes_can_be_read_back(bytes: Vec<u8>, text: String) {
            for bytes in [&bytes[..], text.as_bytes()] {
                prop_assert_eq!(unescaped(&escaped(bytes)), bytes);
            }
        }
    }
}
