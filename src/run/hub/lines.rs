use std::{io, task::Poll};

/// The bytes of a client that are not yet a whole line.
#[derive(Debug)]
pub(super) struct Lines {
    bytes: Vec<u8>,
}

/// Longer lines may be split.
const LONGEST: usize = 64 << 10;

impl Lines {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Lets `read` append at most `most` bytes.
    pub(super) fn fill(
        &mut self,
        most: usize,
        read: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let before = self.bytes.len();
        self.bytes.resize(before + most, 0);
        let result = read(&mut self.bytes[before..]);
        let read = match &result {
            Poll::Ready(Ok(read)) => *read,
            _ => 0,
        };
        self.bytes.truncate(before + read);
        if self.bytes.is_empty() {
            // A client that sends nothing holds no memory.
            self.bytes = Vec::new();
        }
        result
    }

    /// Returns whether there is something to take: with [`Self::rest`] if the client has no
    /// more, with [`Self::whole`] otherwise.
    pub(super) fn has_piece(&self, is_over: bool) -> bool {
        if is_over { !self.bytes.is_empty() } else { self.whole_end().is_some() }
    }

    fn whole_end(&self) -> Option<usize> {
        match self.bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => Some(last + 1),
            None => (self.bytes.len() > LONGEST).then_some(self.bytes.len()),
        }
    }

    /// Takes the whole lines, or the beginning of a line that is too long.
    pub(super) fn whole(&mut self) -> Option<Vec<u8>> {
        let end = self.whole_end()?;
        let rest = self.bytes.split_off(end);
        Some(std::mem::replace(&mut self.bytes, rest))
    }

    /// Takes all bytes; `None` if there are none.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.bytes);
        (!rest.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(lines: &mut Lines, text: &[u8]) {
        let read = lines.fill(text.len() + 1, |buffer| {
            buffer[..text.len()].copy_from_slice(text);
            Poll::Ready(Ok(text.len()))
        });
        assert!(matches!(read, Poll::Ready(Ok(read)) if read == text.len()));
    }

    #[test]
    fn only_whole_lines_are_handed_over() {
        let mut lines = Lines::new();
        put(&mut lines, b"one");
        assert_eq!(lines.whole(), None);
        put(&mut lines, b"\ntwo\nthr");
        assert_eq!(lines.whole().as_deref(), Some(&b"one\ntwo\n"[..]));
        put(&mut lines, b"ee");
        assert_eq!(lines.whole(), None);
        assert_eq!(lines.rest().as_deref(), Some(&b"three"[..]));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_split() {
        let mut lines = Lines::new();
        put(&mut lines, &[b'x'; LONGEST + 1]);
        assert_eq!(lines.whole().map(|bytes| bytes.len()), Some(LONGEST + 1));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_added(pieces in proptest::collection::vec("[a\n]{0,9}", 0..20)) {
            let mut lines = Lines::new();
            let mut out = Vec::new();
            for piece in &pieces {
                put(&mut lines, piece.as_bytes());
                let whole = lines.whole().unwrap_or_default();
                prop_assert!(whole.is_empty() || whole.ends_with(b"\n"));
                out.extend(whole);
            }
            out.extend(lines.rest().unwrap_or_default());
            prop_assert_eq!(out, pieces.concat().into_bytes());
        }
    }
}
