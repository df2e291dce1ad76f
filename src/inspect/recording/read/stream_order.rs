use std::collections::BTreeMap;

/// Puts the segments of one direction of a TCP conversation in order. Retransmitted bytes are
/// delivered once, and bytes that follow a gap wait until the gap is filled.
#[derive(Debug, Default)]
pub(super) struct StreamOrder {
    /// The sequence number of the next byte, modulo 2^32. `None` before the first segment.
    next: Option<u32>,
    /// Number of bytes that were delivered.
    delivered: u64,
    /// Bytes that follow a gap, by their offset.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// The offset of the end of file, if its segment has been seen.
    fin: Option<u64>,
    has_ended: bool,
    /// The offset up to which the receiver has acknowledged bytes. The end of file counts as one.
    acknowledged: u64,
    /// Whether packets were cut off when they were captured.
    is_cut: bool,
}

/// Bytes that the receiver has got, and that the capture file does not have.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) offset: u64,
    pub(super) length: u64,
    /// Whether packets were cut off when they were captured.
    pub(super) is_cut: bool,
}

/// The result of adding a segment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum StreamState {
    Continues,
    /// The end of file was reached by this segment.
    Ended,
    /// Too many bytes follow a gap: it will not be filled.
    Broken,
}

/// The largest number of bytes that wait for a gap to be filled. A TCP window is rarely as large.
const MOST_WAITING: usize = 16 << 20;

impl StreamOrder {
    /// Sets the sequence number of the first byte.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.next.get_or_insert(sequence);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns whether only its beginning has been seen.
    pub(super) fn is_untouched(&self) -> bool {
        self.delivered == 0 && self.waiting.is_empty() && self.fin.is_none()
    }

    /// Adds an acknowledgment by the receiver.
    pub(super) fn acknowledge(&mut self, acknowledgment: u32) {
        let offset = self.offset_of(acknowledgment);
        self.acknowledged = self.acknowledged.max(u64::try_from(offset).unwrap_or(0));
    }

    /// Adds a segment, and calls the function with the bytes that are next.
    pub(super) fn add(
        &mut self,
        sequence: u32,
        payload: &[u8],
        fin: bool,
        is_cut: bool,
        deliver: &mut dyn FnMut(&[u8]),
    ) -> StreamState {
        self.begin(sequence);
        self.is_cut |= is_cut;
        if self.has_ended {
            return StreamState::Continues;
        }
        let offset = self.offset_of(sequence);
        // Where the end of file is cannot be said of a segment that was cut off.
        if fin && !is_cut {
            let end = u64::try_from(offset + payload.len() as i64);
            self.fin = self.fin.or(end.ok());
        }
        self.deliver_or_keep(offset, payload, deliver);
        while let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= self.delivered
        {
            let (offset, bytes) = entry.remove_entry();
            self.waiting_bytes -= bytes.len();
            self.deliver_or_keep(i64::try_from(offset).unwrap_or(i64::MAX), &bytes, deliver);
        }
        if self.fin.is_some_and(|fin| fin <= self.delivered) {
            self.has_ended = true;
            return StreamState::Ended;
        }
        if self.waiting_bytes > MOST_WAITING { StreamState::Broken } else { StreamState::Continues }
    }

    /// Returns the gap that is left, if the receiver has got more than there is.
    pub(super) fn gap(&self) -> Option<Gap> {
        let end = self.delivered + u64::from(self.has_ended);
        let has_gap = self.acknowledged > end || self.waiting_bytes > MOST_WAITING;
        let first_waiting = self.waiting.first_key_value().map(|(offset, _)| *offset);
        let until = first_waiting.or(self.fin).unwrap_or(self.acknowledged);
        has_gap.then(|| Gap {
            offset: self.delivered,
            length: until.saturating_sub(self.delivered).max(1),
            is_cut: self.is_cut,
        })
    }

    /// Returns the offset of a sequence number. It is negative before the first byte.
    fn offset_of(&self, sequence: u32) -> i64 {
        let distance = sequence.wrapping_sub(self.next.unwrap_or(sequence)).cast_signed();
        i64::try_from(self.delivered).unwrap_or(i64::MAX).saturating_add(distance.into())
    }

    /// Delivers what is next of the bytes, or keeps them if they follow a gap.
    fn deliver_or_keep(&mut self, offset: i64, bytes: &[u8], deliver: &mut dyn FnMut(&[u8])) {
        let delivered = i64::try_from(self.delivered).unwrap_or(i64::MAX);
        // It fails for bytes that follow a gap.
        if let Ok(known) = usize::try_from(delivered.saturating_sub(offset)) {
            let new = bytes.get(known..).unwrap_or_default();
            if !new.is_empty() {
                deliver(new);
                self.delivered += new.len() as u64;
                let length = u32::try_from(new.len()).unwrap_or(u32::MAX);
                self.next = self.next.map(|next| next.wrapping_add(length));
            }
        } else if let Ok(offset) = u64::try_from(offset)
            && !bytes.is_empty()
        {
            let kept = self.waiting.entry(offset).or_default();
            if kept.len() < bytes.len() {
                self.waiting_bytes += bytes.len() - kept.len();
                *kept = bytes.to_vec();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A piece of a stream: its offset and length.
    fn pieces() -> impl Strategy<Value = Vec<(usize, usize)>> {
        proptest::collection::vec((0..300_usize, 1..40_usize), 0..60)
    }

    fn stream() -> Vec<u8> {
        (0..340_u32).map(|number| (number * 7 % 251) as u8).collect()
    }

    proptest! {
        #[test]
        fn segments_in_any_order_are_put_in_order(
            first in any::<u32>(),
            mut extra in pieces(),
            order in any::<u64>(),
        ) {
            let stream = stream();
            // Every byte is there at least once.
            extra.extend((0..stream.len()).step_by(20).map(|offset| (offset, 20)));
            let count = extra.len() as u64;
            extra.sort_by_key(|(offset, length)| {
                (*offset as u64 * 31 + *length as u64).wrapping_mul(order | 1) % count
            });
            let mut order = StreamOrder::default();
            order.begin(first);
            let mut found = Vec::new();
            for (offset, length) in extra {
                let end = (offset + length).min(stream.len());
                let sequence = first.wrapping_add(offset as u32);
                let fin = end == stream.len();
                order.add(sequence, &stream[offset..end], fin, false, &mut |bytes| {
                    found.extend_from_slice(bytes);
                });
            }
            prop_assert_eq!(found, stream);
            prop_assert!(order.has_ended());
            prop_assert_eq!(order.waiting_bytes, 0);
            order.acknowledge(first.wrapping_add(341));
            prop_assert_eq!(order.gap(), None);
        }
    }

    fn found(order: &mut StreamOrder, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut found = Vec::new();
        order.add(sequence, payload, false, false, &mut |bytes| found.extend_from_slice(bytes));
        found
    }

    #[test]
    fn bytes_that_were_acknowledged_and_are_not_there_are_a_gap() {
        let mut order = StreamOrder::default();
        order.begin(u32::MAX);
        assert_eq!(found(&mut order, u32::MAX, b"abc"), b"abc");
        assert_eq!(found(&mut order, 5, b"xyz"), b"");
        // Sent, but perhaps not received.
        assert_eq!(order.gap(), None);
        order.acknowledge(8);
        assert_eq!(order.gap(), Some(Gap { offset: 3, length: 3, is_cut: false }));
        assert_eq!(found(&mut order, 2, b"def"), b"defxyz");
        assert_eq!(order.gap(), None);
    }

    #[test]
    fn a_gap_before_too_many_bytes_is_not_waited_for() {
        let mut order = StreamOrder::default();
        order.begin(0);
        let payload = vec![0; 1 << 20];
        let states: Vec<StreamState> = (0..17_u32)
            .map(|number| order.add(10 + (number << 20), &payload, false, false, &mut |_| ()))
            .collect();
        assert_eq!(states[15..], [StreamState::Continues, StreamState::Broken]);
        assert_eq!(order.gap(), Some(Gap { offset: 0, length: 10, is_cut: false }));
    }

    #[test]
    fn what_was_cut_off_is_a_gap() {
        let mut order = StreamOrder::default();
        order.begin(0);
        let mut found = Vec::new();
        order.add(0, b"abc", true, true, &mut |bytes| found.extend_from_slice(bytes));
        order.acknowledge(101);
        assert_eq!(order.gap(), Some(Gap { offset: 3, length: 98, is_cut: true }));
        assert!(!order.has_ended());
    }
}
