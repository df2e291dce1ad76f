//! The comment of the first packet of a connection: its number and its ends.

use crate::{inspect::describe, transfer::ConnectionEnds};

const BEGINNING: &str = "lsock connection ";
const SEPARATOR: &str = ": ";

/// Returns the comment of a connection.
pub(super) fn write(number: u64, ends: &ConnectionEnds) -> String {
    format!("{BEGINNING}{number}{SEPARATOR}{}", describe::ends(ends))
}

/// Returns the number and the description of the ends; `None` if it is not such a comment.
pub(super) fn parse(comment: &str) -> Option<(u64, &str)> {
    let (number, ends) = comment.strip_prefix(BEGINNING)?.split_once(SEPARATOR)?;
    Some((number.parse().ok()?, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_parsed() {
        let ends = ConnectionEnds { name: "./a: b".to_owned(), ..ConnectionEnds::default() };
        assert_eq!(parse(&write(17, &ends)), Some((17, "./a: b")));
        for text in ["", "lsock connection", "lsock connection x: ./s", "a comment: 1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
