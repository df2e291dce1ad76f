//! A connection as a TCP conversation: handshake, sequence numbers, acknowledgments and ends
//! (RFC 9293).

use crate::transfer::Role;

/// The state of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    client: TcpEnd,
    server: TcpEnd,
    was_reset: bool,
}

/// One end of a conversation.
#[derive(Copy, Clone, Debug, Default)]
struct TcpEnd {
    /// The sequence number of the next byte, modulo 2^32.
    next: u32,
    /// Whether it has sent its FIN.
    has_ended: bool,
}

/// A segment of a conversation.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) from: Role,
    pub(super) kind: SegmentKind,
    pub(super) sequence: u32,
    /// The next sequence number that is expected of the other end.
    pub(super) acknowledgment: u32,
    pub(super) payload: &'a [u8],
}

/// What a segment is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum SegmentKind {
    /// The first segment of the client, which acknowledges nothing.
    Syn,
    SynAck,
    Data,
    Ack,
    Fin,
    Reset,
}

/// The longest payload. An IPv4 packet has at most 65535 bytes with its headers; half of a usual
/// chunk divides it into equal parts.
const LONGEST: usize = 32 << 10;

impl Conversation {
    pub(super) fn new() -> Self {
        Self { client: TcpEnd::default(), server: TcpEnd::default(), was_reset: false }
    }

    /// Opens the connection.
    pub(super) fn open(&mut self, emit: &mut impl FnMut(Segment<'_>)) {
        self.emit(Role::Client, SegmentKind::Syn, &[], emit);
        self.emit(Role::Server, SegmentKind::SynAck, &[], emit);
        self.emit(Role::Client, SegmentKind::Ack, &[], emit);
    }

    /// Sends bytes, each segment of which is acknowledged at once. After its end and after a reset
    /// an end sends nothing more.
    pub(super) fn send(&mut self, from: Role, bytes: &[u8], emit: &mut impl FnMut(Segment<'_>)) {
        if self.end_of(from).has_ended || self.was_reset {
            return;
        }
        for payload in bytes.chunks(LONGEST) {
            self.emit(from, SegmentKind::Data, payload, emit);
            self.emit(from.other(), SegmentKind::Ack, &[], emit);
        }
    }

    /// Sends the end of file.
    pub(super) fn end(&mut self, from: Role, emit: &mut impl FnMut(Segment<'_>)) {
        if self.end_of(from).has_ended || self.was_reset {
            return;
        }
        self.emit(from, SegmentKind::Fin, &[], emit);
        self.end_of(from).has_ended = true;
        self.emit(from.other(), SegmentKind::Ack, &[], emit);
    }

    /// Resets the connection.
    pub(super) fn reset(&mut self, from: Role, emit: &mut impl FnMut(Segment<'_>)) {
        if !self.was_reset {
            self.was_reset = true;
            self.emit(from, SegmentKind::Reset, &[], emit);
        }
    }

    /// Sends the end of file of each end that has not sent it.
    pub(super) fn close(&mut self, emit: &mut impl FnMut(Segment<'_>)) {
        self.end(Role::Server, emit);
        self.end(Role::Client, emit);
    }

    fn end_of(&mut self, role: Role) -> &mut TcpEnd {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    fn emit(
        &mut self,
        from: Role,
        kind: SegmentKind,
        payload: &[u8],
        emit: &mut impl FnMut(Segment<'_>),
    ) {
        let acknowledgment = match kind {
            SegmentKind::Syn => 0,
            _ => self.end_of(from.other()).next,
        };
        let end = self.end_of(from);
        emit(Segment { from, kind, sequence: end.next, acknowledgment, payload });
        // SYN and FIN count as one byte.
        let length = match kind {
            SegmentKind::Syn | SegmentKind::SynAck | SegmentKind::Fin => 1,
            SegmentKind::Data | SegmentKind::Ack | SegmentKind::Reset => payload.len() as u32,
        };
        end.next = end.next.wrapping_add(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the kinds of segments with their senders.
    fn kinds(run: impl FnOnce(&mut Conversation, &mut dyn FnMut(Segment<'_>))) -> Vec<String> {
        let mut kinds = Vec::new();
        run(&mut Conversation::new(), &mut |segment| {
            kinds.push(format!("{:?} {:?}", segment.from, segment.kind));
        });
        kinds
    }

    #[test]
    fn a_connection_without_bytes_has_a_handshake_and_two_ends() {
        let kinds = kinds(|conversation, mut emit| {
            conversation.open(&mut emit);
            conversation.close(&mut emit);
        });
        assert_eq!(
            kinds,
            [
                "Client Syn",
                "Server SynAck",
                "Client Ack",
                "Server Fin",
                "Client Ack",
                "Client Fin",
                "Server Ack"
            ]
        );
    }

    #[test]
    fn after_a_half_close_the_other_direction_goes_on() {
        let kinds = kinds(|conversation, mut emit| {
            conversation.end(Role::Client, &mut emit);
            conversation.send(Role::Client, b"left behind", &mut emit);
            conversation.send(Role::Server, b"answer", &mut emit);
            conversation.close(&mut emit);
        });
        assert_eq!(
            kinds,
            ["Client Fin", "Server Ack", "Server Data", "Client Ack", "Server Fin", "Client Ack"]
        );
    }

    #[test]
    fn nothing_follows_a_reset() {
        let kinds = kinds(|conversation, mut emit| {
            conversation.reset(Role::Server, &mut emit);
            conversation.send(Role::Client, b"lost", &mut emit);
            conversation.reset(Role::Client, &mut emit);
            conversation.close(&mut emit);
        });
        assert_eq!(kinds, ["Server Reset"]);
    }

    #[test]
    fn sequence_numbers_wrap_at_4_gib() {
        let mut conversation = Conversation::new();
        conversation.open(&mut |_| ());
        // As after 4 GiB less 100 bytes.
        conversation.client.next = u32::MAX - 99;
        let bytes = vec![0; LONGEST + 7];
        let mut seen = Vec::new();
        conversation.send(Role::Client, &bytes, &mut |segment| {
            seen.push((segment.kind, segment.sequence, segment.acknowledgment));
        });
        let after_first = (LONGEST - 100) as u32;
        assert_eq!(
            seen,
            [
                (SegmentKind::Data, u32::MAX - 99, 1),
                (SegmentKind::Ack, 1, after_first),
                (SegmentKind::Data, after_first, 1),
                (SegmentKind::Ack, 1, after_first + 7),
            ]
        );
    }
}
