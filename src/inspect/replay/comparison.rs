use super::difference::{CONTEXT, Difference, DifferenceKind};
use std::collections::VecDeque;

/// Compares a stream with the recorded one, piece by piece.
#[derive(Debug, Default)]
pub(super) struct StreamComparison {
    /// Number of bytes that are the same.
    offset: u64,
    /// The last of the bytes that are the same.
    same: VecDeque<u8>,
    /// Recorded bytes that have not been received.
    expected: Vec<u8>,
    /// Number of bytes of `expected` that have been received.
    matched: usize,
}

impl StreamComparison {
    /// Sets the bytes that are recorded next, when those before have been received.
    pub(super) fn expect(&mut self, bytes: Vec<u8>) {
        self.expected = bytes;
        self.matched = 0;
    }

    /// Returns whether bytes are expected.
    pub(super) fn is_waiting(&self) -> bool {
        self.matched < self.expected.len()
    }

    /// Returns the number of bytes that are the same.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Compares received bytes. Returns the number of bytes that were expected and are the same.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn receive(&mut self, received: &[u8]) -> Result<usize, Difference> {
        let expected = &self.expected[self.matched..];
        let length = expected.len().min(received.len());
        // Comparing whole slices is fast; most are the same.
        let same = if expected[..length] == received[..length] {
            length
        } else {
            expected.iter().zip(received).take_while(|(one, other)| one == other).count()
        };
        let kept = &received[same.saturating_sub(CONTEXT)..same];
        self.same.extend(kept);
        self.same.drain(..self.same.len().saturating_sub(CONTEXT));
        self.offset += same as u64;
        self.matched += same;
        if same < length {
            return Err(self.difference(DifferenceKind::Bytes, &received[same..]));
        }
        Ok(same)
    }

    /// Returns the difference that is here. `received` are the bytes that were received instead of
    /// the expected ones.
    pub(super) fn difference(&mut self, kind: DifferenceKind, received: &[u8]) -> Difference {
        let recorded = &self.expected[self.matched..];
        Difference::new(self.offset, kind, self.same.make_contiguous(), recorded, received)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Compares streams that are cut into pieces of these sizes.
    fn compare(recorded: &[u8], received: &[u8], sizes: &[(usize, usize)]) -> Option<u64> {
        let mut comparison = StreamComparison::default();
        let (mut recorded, mut received) = (recorded, received);
        let mut sizes = sizes.iter().cycle();
        let mut piece: &[u8] = &[];
        loop {
            let (of_recorded, of_received) = sizes.next().unwrap();
            if !comparison.is_waiting() {
                if recorded.is_empty() {
                    let is_more = !piece.is_empty() || !received.is_empty();
                    return is_more.then(|| comparison.offset());
                }
                let next;
                (next, recorded) = recorded.split_at(recorded.len().min(*of_recorded));
                comparison.expect(next.to_vec());
            }
            if piece.is_empty() {
                (piece, received) = received.split_at(received.len().min(*of_received));
            }
            if piece.is_empty() {
                return Some(comparison.offset());
            }
            match comparison.receive(piece) {
                Ok(same) => piece = &piece[same..],
                Err(difference) => return Some(difference.offset),
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_difference_is_found_however_the_streams_are_cut(
            recorded in proptest::collection::vec(0..3_u8, 0..200),
            change in proptest::option::of((any::<prop::sample::Index>(), 0..4_u8)),
            sizes in proptest::collection::vec((1..50_usize, 1..50_usize), 1..10),
        ) {
            let mut received = recorded.clone();
            match change {
                Some((index, 3)) => received.truncate(index.index(recorded.len() + 1)),
                Some((index, byte)) if !received.is_empty() => {
                    let index = index.index(received.len());
                    received[index] = byte;
                }
                _ => {}
            }
            let same = recorded.iter().zip(&received).take_while(|(one, other)| one == other);
            let expected = (recorded != received).then_some(same.count() as u64);
            prop_assert_eq!(compare(&recorded, &received, &sizes), expected);
            prop_assert_eq!(compare(&received, &recorded, &sizes), expected);
        }
    }
}
