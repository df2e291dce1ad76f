//! Cuts what a client sends into whole lines for stdout.

use super::output::{Merge, Piece};
use crate::{
    system::Descriptors,
    transfer::{closed_error, tasks::TaskSink},
};
use std::{
    io,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio_util::sync::PollSender;

/// The bytes of a client that are not yet a whole line.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
}

/// Longer lines may be split.
const LONGEST: usize = 64 << 10;

impl Lines {
    /// Returns whether these bytes complete a line, or make it too long.
    fn would_be_whole(&self, bytes: &[u8]) -> bool {
        bytes.contains(&b'\n') || self.bytes.len() + bytes.len() > LONGEST
    }

    /// Appends bytes. Takes the whole lines, or the beginning of a line that is too long.
    fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.bytes.extend(bytes);
        let end = match self.bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            None if self.bytes.len() > LONGEST => self.bytes.len(),
            None => return None,
        };
        let rest = self.bytes.split_off(end);
        Some(std::mem::replace(&mut self.bytes, rest))
    }

    /// Takes all bytes; `None` if there are none.
    fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.bytes);
        (!rest.is_empty()).then_some(rest)
    }
}

/// Queues a client's lines for stdout. The client is not read while the queue is full.
#[derive(Debug)]
pub(super) struct LineSink {
    merge: Arc<Merge>,
    client: u64,
    lines: Lines,
    pieces: PollSender<Piece>,
}

impl LineSink {
    pub(super) fn new(merge: Arc<Merge>, client: u64, pieces: PollSender<Piece>) -> Self {
        Self { merge, client, lines: Lines::default(), pieces }
    }

    /// Waits until the queue has room for a piece. Fails if writing to stdout has failed.
    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pieces.poll_reserve(cx).map_err(|_| closed_error())
    }

    /// Queues a piece, for which room was reserved.
    fn queue(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        let piece = Piece { client: self.client, bytes };
        self.pieces.send_item(piece).map_err(|_| closed_error())
    }

    /// Queues the last bytes if there is room now. `held` is the number of further bytes that were
    /// read from the client. What is not queued counts as lost.
    pub(super) fn give_up(&mut self, held: u64) {
        self.merge.count(held);
        self.pieces.abort_send();
        if let (Some(bytes), Some(pieces)) = (self.lines.rest(), self.pieces.get_ref()) {
            let _ = pieces.try_send(Piece { client: self.client, bytes });
        }
    }
}

impl TaskSink for LineSink {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        let reserved =
            if self.lines.would_be_whole(bytes) { ready!(self.poll_reserve(cx)) } else { Ok(()) };
        // Bytes that cannot be queued count as lost.
        self.merge.count(bytes.len() as u64);
        reserved?;
        if let Some(piece) = self.lines.push(bytes) {
            self.queue(piece)?;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.lines.bytes.is_empty() {
            ready!(self.poll_reserve(cx))?;
            if let Some(rest) = self.lines.rest() {
                self.queue(rest)?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{diag::Failure, system::Output};
    use proptest::prelude::*;
    use std::{fs::File, future::poll_fn};
    use tokio_util::sync::CancellationToken;

    #[test]
    fn only_whole_lines_are_handed_over() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"one"), None);
        assert_eq!(lines.push(b"\ntwo\nthr").as_deref(), Some(&b"one\ntwo\n"[..]));
        assert_eq!(lines.push(b"ee"), None);
        assert_eq!(lines.rest().as_deref(), Some(&b"three"[..]));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_split() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(&[b'x'; LONGEST]), None);
        assert_eq!(lines.push(b"x").map(|bytes| bytes.len()), Some(LONGEST + 1));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_added(pieces in proptest::collection::vec("[a\n]{0,9}", 0..20)) {
            let mut lines = Lines::default();
            let mut out = Vec::new();
            for piece in &pieces {
                let is_whole = lines.would_be_whole(piece.as_bytes());
                let whole = lines.push(piece.as_bytes());
                prop_assert_eq!(whole.is_some(), is_whole);
                let whole = whole.unwrap_or_default();
                prop_assert!(whole.is_empty() || whole.ends_with(b"\n"));
                out.extend(whole);
            }
            out.extend(lines.rest().unwrap_or_default());
            prop_assert_eq!(out, pieces.concat().into_bytes());
        }
    }

    /// Bytes that cannot be written are lost, whether they were queued or not.
    #[test]
    fn every_byte_is_counted_if_stdout_fails() {
        // A file that is not open for writing.
        let file = tempfile::NamedTempFile::new().unwrap();
        let output = Output::from_file(File::open(file.path()).unwrap());
        let over = CancellationToken::new();
        let merge = Arc::new(Merge::start(output, &over).unwrap());
        let mut sink = merge.sink(1).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut write = async |bytes: &'static [u8]| {
                let mut none = Descriptors::new(false);
                poll_fn(|cx| sink.poll_write(cx, bytes, &mut none)).await
            };
            assert_eq!(write(b"queued\n").await.unwrap(), 7);
            over.cancelled().await;
            assert_eq!(write(b"part").await.unwrap(), 4);
            assert!(write(b"not queued\n").await.is_err());
        });
        sink.give_up(100);
        drop(sink);
        merge.finish(None, |_| ());
        let failure = merge.failure().unwrap();
        assert!(matches!(failure, Failure::Undelivered { bytes: Some(122), .. }), "{failure}");
    }
}
