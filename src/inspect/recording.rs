//! Recordings: files of packets (pcapng) in which each connection is a TCP conversation with made-up
//! addresses, so that Wireshark and its relatives can read them.

mod blocks;
mod comment;
mod conversation;
mod packet;
pub(crate) mod read;

use self::{
    blocks::CaptureBlocks,
    conversation::{Conversation, Segment},
    packet::PacketBuilder,
};
use super::{RecordingOptions, describe, observers::RECORD, private_file::PrivateFile};
use crate::{
    diag::Failure,
    system::output::FileIdentity,
    transfer::{ConnectionEnds, DirectionEnd, ObservedEvent, Role},
};
use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

/// A recording that is being written. Each event is written at once, so that nothing is missing if
/// this process is killed.
#[derive(Debug)]
pub(super) struct Recording {
    file: PrivateFile,
    port: u16,
    blocks: CaptureBlocks,
    conversations: HashMap<u64, RecordedConnection>,
}

#[derive(Debug)]
struct RecordedConnection {
    conversation: Conversation,
    packets: PacketBuilder,
    /// The comment of the next packet.
    comment: Option<String>,
}

/// The default port of the server. Wireshark chooses no dissector by it.
const PORT: u16 = 40_000;

/// Number of bytes of blocks that are collected before they are written.
const PIECE: usize = 256 << 10;

impl Recording {
    /// Opens the file of a recording.
    ///
    /// # Errors
    /// Those of [`PrivateFile::open`].
    pub(super) fn open(options: &RecordingOptions) -> Result<Self, Failure> {
        Ok(Self {
            file: PrivateFile::open(&options.file, RECORD, "recording")?,
            port: options.port.unwrap_or(PORT),
            blocks: CaptureBlocks::new(),
            conversations: HashMap::new(),
        })
    }

    /// Removes what the file contains, and writes the header, once.
    pub(super) fn begin(&mut self) {
        if !self.file.has_begun() {
            self.file.begin();
            self.file.write(&self.blocks.take());
        }
    }

    /// Returns what identifies the file.
    pub(super) fn file_identity(&self) -> Option<FileIdentity> {
        self.file.identity()
    }

    /// Records an event.
    pub(super) fn see(&mut self, time: SystemTime, connection: u64, event: &ObservedEvent<'_>) {
        self.begin();
        if !self.file.is_open() {
            return;
        }
        let mut conversations = std::mem::take(&mut self.conversations);
        if let ObservedEvent::Connected(ends) = event {
            conversations.insert(connection, RecordedConnection::new(connection, self.port, ends));
        }
        // A thread that was left behind may still report events of a closed connection.
        if let Some(recorded) = conversations.get_mut(&connection) {
            let time = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            recorded.see(event, &mut |packet, comment| self.add(time, packet, comment));
            self.write();
        }
        if let ObservedEvent::Closed(_) = event {
            conversations.remove(&connection);
        }
        self.conversations = conversations;
    }

    fn add(&mut self, time: Duration, packet: &[u8], comment: Option<String>) {
        self.blocks.add(time, packet, comment);
        if self.blocks.len() >= PIECE {
            self.write();
        }
    }

    fn write(&mut self) {
        let blocks = self.blocks.take();
        self.file.write(&blocks);
        self.blocks.give_back(blocks);
    }
}

impl RecordedConnection {
    fn new(number: u64, port: u16, ends: &ConnectionEnds) -> Self {
        let comment = comment::write(number, ends);
        Self {
            conversation: Conversation::new(),
            packets: PacketBuilder::new(number, port),
            comment: Some(comment),
        }
    }

    /// Calls the function with the packets of an event, and the comment of the first one.
    fn see(&mut self, event: &ObservedEvent<'_>, add: &mut dyn FnMut(&[u8], Option<String>)) {
        let Self { conversation, packets, comment } = self;
        match event {
            ObservedEvent::Descriptors { descriptors, .. } => {
                *comment = Some(describe::descriptors(descriptors));
                return;
            }
            ObservedEvent::Failed(message) => *comment = Some((*message).to_owned()),
            _ => {}
        }
        let mut emit = |segment: Segment<'_>| add(packets.build(&segment), comment.take());
        match event {
            ObservedEvent::Connected(_) => conversation.open(&mut emit),
            ObservedEvent::Chunk { direction, bytes, .. } => {
                conversation.send(direction.sender(), bytes, &mut emit);
            }
            ObservedEvent::Ended { direction, end } => match end {
                DirectionEnd::Eof => conversation.end(direction.sender(), &mut emit),
                DirectionEnd::InputFailed(_) => {
                    conversation.reset(direction.sender(), &mut emit);
                }
                DirectionEnd::OutputFailed(_) => {
                    conversation.reset(direction.receiver(), &mut emit);
                }
                DirectionEnd::Unused | DirectionEnd::ReceiverGone | DirectionEnd::Stopped => {}
            },
            ObservedEvent::Failed(_) => conversation.end(Role::Server, &mut emit),
            ObservedEvent::Closed(_) => conversation.close(&mut emit),
            ObservedEvent::Descriptors { .. } | ObservedEvent::ShutDown(_) => {}
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
