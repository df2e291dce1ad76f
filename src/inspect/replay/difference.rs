use crate::{
    diag::{Style, counted, styled},
    inspect::byte_text::{printable, push_hex},
};
use std::{fmt::Write as _, io};

/// The first difference between what an end sends and what it sent in the recording.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Number of bytes that are the same.
    pub(crate) offset: u64,
    pub(crate) kind: DifferenceKind,
    /// The last of the bytes that are the same. They begin at a multiple of the width, as the rows
    /// of other dumps.
    before: Vec<u8>,
    /// Bytes that follow in the recording.
    recorded: Vec<u8>,
    /// Bytes that were received, as far as they had arrived.
    received: Vec<u8>,
}

#[derive(Debug)]
pub(crate) enum DifferenceKind {
    /// Other bytes.
    Bytes,
    /// It has ended its direction, or closed the connection.
    Ended,
    /// It sends more.
    More,
    /// It does not read all that is sent. `sent` is the number of bytes until then.
    NotRead { sent: u64, error: io::Error },
}

/// Number of bytes of each side in a row.
const WIDTH: usize = 8;

/// Number of rows before that of the difference, and after it.
const CONTEXT_ROWS: usize = 2;

/// Number of bytes that are kept before the difference, and after it.
pub(super) const CONTEXT: usize = (CONTEXT_ROWS + 1) * WIDTH;

impl Difference {
    /// Returns a difference. `same` are the last of the bytes that are the same; `recorded` and
    /// `received` are the bytes that follow on each side.
    pub(super) fn new(
        offset: u64,
        kind: DifferenceKind,
        same: &[u8],
        recorded: &[u8],
        received: &[u8],
    ) -> Self {
        let in_row = usize::try_from(offset % WIDTH as u64).unwrap_or(0);
        let shown = same.len().min(CONTEXT_ROWS * WIDTH + in_row);
        let first = |bytes: &[u8]| bytes[..bytes.len().min(CONTEXT)].to_vec();
        Self {
            offset,
            kind,
            before: same[same.len() - shown..].to_vec(),
            recorded: first(recorded),
            received: first(received),
        }
    }

    /// Returns rows of both sides: offset, and hexadecimal digits and text of each. The rows that
    /// differ are marked. `None` if there are no bytes to show.
    pub(crate) fn rows(&self, color: bool) -> Option<String> {
        if matches!(self.kind, DifferenceKind::NotRead { .. }) {
            return None;
        }
        let side = |after: &[u8]| [&self.before[..], after].concat();
        let (recorded, received) = (side(&self.recorded), side(&self.received));
        let start = self.offset - self.before.len() as u64;
        let row_of_difference = self.before.len() / WIDTH * WIDTH;
        let last = row_of_difference + CONTEXT_ROWS * WIDTH;
        let mut text = format!("  {:<8} {:<34} {}\n", "offset", "recorded", "received");
        for row in (0..=last).step_by(WIDTH) {
            let cells = [&recorded, &received]
                .map(|side| side.get(row..).map_or(&[][..], |rest| &rest[..rest.len().min(WIDTH)]));
            if row > row_of_difference && cells.iter().all(|cell| cell.is_empty()) {
                break;
            }
            // What has not arrived yet is no difference.
            let has_arrived = !cells[1].is_empty() || !matches!(self.kind, DifferenceKind::Bytes);
            let differs = cells[0] != cells[1] && has_arrived;
            let mut line = if differs { "> ".to_owned() } else { "  ".to_owned() };
            // Writing to a String cannot fail.
            let _ = write!(line, "{:08x}", start + row as u64);
            for cell in cells {
                line.push(' ');
                push_cell(&mut line, cell);
            }
            let style = if differs { Style::Error } else { Style::Plain };
            text.push_str(&styled(line.trim_end(), style, color));
            text.push('\n');
        }
        Some(text)
    }

    /// Describes the difference. `sender` is what has sent differently, `total` the number of
    /// bytes that it has sent in the recording, `to_send` that of the bytes for it, and `file` the
    /// recording.
    pub(crate) fn describe(&self, sender: &str, total: u64, to_send: u64, file: &str) -> String {
        let Self { offset, kind, .. } = self;
        let bytes = |count: u64| counted(count, "byte");
        match kind {
            DifferenceKind::Bytes => {
                format!("the {sender} sends other bytes than in {file} from offset {offset}")
            }
            DifferenceKind::Ended => {
                let total = bytes(total);
                format!(
                    "the {sender} has ended after {offset} of the {total} that it sends in {file}"
                )
            }
            DifferenceKind::More => {
                format!("the {sender} sends more than the {} that it sends in {file}", bytes(total))
            }
            DifferenceKind::NotRead { sent, error } => {
                let reason = local_socket::error::reason(error);
                let to_send = bytes(to_send);
                format!(
                    "the {sender} has closed after {sent} of the {to_send} that it gets in {file}: \
                     {reason}"
                )
            }
        }
    }
}

/// Appends hexadecimal digits and the printable characters of ASCII.
fn push_cell(line: &mut String, bytes: &[u8]) {
    for column in 0..WIDTH {
        match bytes.get(column) {
            Some(byte) => push_hex(line, *byte),
            None => line.push_str("  "),
        }
        line.push(' ');
    }
    let text: String = printable(bytes).collect();
    let text = if bytes.is_empty() { text } else { format!("|{text}|") };
    let _ = write!(line, "{text:<10}");
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_shown_with_the_rows_around_the_difference() {
        let same: Vec<u8> = (b'a'..=b'x').collect();
        let difference = Difference::new(29, DifferenceKind::Bytes, &same, b"\x00\xffQ\r\n", b"Z");
        assert_eq!(
            difference.rows(false).unwrap(),
            "  offset   recorded                           received\n\
             \x20 00000008 64 65 66 67 68 69 6a 6b |defghijk| 64 65 66 67 68 69 6a 6b |defghijk|\n\
             \x20 00000010 6c 6d 6e 6f 70 71 72 73 |lmnopqrs| 6c 6d 6e 6f 70 71 72 73 |lmnopqrs|\n\
             > 00000018 74 75 76 77 78 00 ff 51 |tuvwx..Q| 74 75 76 77 78 5a       |tuvwxZ|\n\
             \x20 00000020 0d 0a                   |..|\n"
        );
    }

    #[test]
    fn no_row_is_wider_than_a_terminal() {
        let bytes = [b'x'; CONTEXT];
        let difference = Difference::new(1 << 31, DifferenceKind::Bytes, &bytes, &bytes, &[0; 99]);
        let rows = difference.rows(false).unwrap();
        assert_eq!(rows.lines().map(str::len).max(), Some(80));
        assert_eq!(rows.lines().count(), 6);
    }

    #[test]
    fn an_end_is_shown_where_bytes_are_expected() {
        let difference = Difference::new(0, DifferenceKind::Ended, b"", b"hello", b"");
        let rows = difference.rows(false).unwrap();
        assert_eq!(rows.lines().nth(1).unwrap(), "> 00000000 68 65 6c 6c 6f          |hello|");
        assert_eq!(
            difference.describe("server", 5, 1, "r.pcapng"),
            "the server has ended after 0 of the 5 bytes that it sends in r.pcapng"
        );
    }
}
