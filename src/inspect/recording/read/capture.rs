//! The packets of a capture file: pcapng, or the older pcap.

use pcap_file::{
    DataLink,
    pcap::{PcapReadError, PcapReader},
    pcapng::{
        Block, PcapNgReadError, PcapNgReader,
        blocks::{
            block_common::{ENHANCED_PACKET_BLOCK, PACKET_BLOCK, SIMPLE_PACKET_BLOCK},
            enhanced_packet::EnhancedPacketOption,
            opt_common::CommonOption,
        },
    },
};
use std::{
    error::Error,
    fmt::{self, Debug, Formatter},
    fs::File,
    io::{self, ErrorKind, Read, Seek as _, Take},
    path::Path,
    time::Duration,
};

/// A capture file that is read packet by packet.
pub(super) struct CaptureFile {
    reader: CaptureReader,
    /// The size of the file when it was opened: what a recorder adds later is not read.
    size: u64,
    /// The time of the last packet. Simple packet blocks have none of their own.
    time: Duration,
}

enum CaptureReader {
    PcapNg(PcapNgReader<Take<File>>),
    Pcap {
        reader: PcapReader<Take<File>>,
        /// Number of bytes that were parsed.
        parsed: u64,
    },
}

/// A packet of a capture file.
#[derive(Debug)]
pub(super) struct CapturedPacket<'a> {
    /// Time since 1970.
    pub(super) time: Duration,
    pub(super) link: DataLink,
    pub(super) data: &'a [u8],
    pub(super) comment: Option<&'a str>,
}

/// The result of reading one block of a file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum CaptureStep {
    Continues,
    End,
    /// The last block is incomplete, because the recorder was killed for example.
    EndsEarly,
}

/// The reason why a capture file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum CaptureError {
    #[error("{}", local_socket::error::reason(.0))]
    Io(#[from] io::Error),
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it is empty")]
    Empty,
    #[error("its header is incomplete")]
    IncompleteHeader,
    #[error("it is compressed: decompress it first")]
    Compressed,
    #[error("it is neither a pcapng file nor a pcap file")]
    UnknownFormat,
    #[error("it is damaged at byte {offset}: {reason}")]
    Damaged { offset: u64, reason: String },
}

/// The longest block that is read, in bytes. Packets are not longer than 256 KiB.
const LONGEST_BLOCK: usize = 4 << 20;

/// The sizes of the header of a pcap file and of its packets.
const PCAP_HEADER: u64 = 24;
const PCAP_PACKET_HEADER: u64 = 16;

impl CaptureFile {
    /// Opens a file.
    ///
    /// # Errors
    /// `Io`: `NotFound` if nothing exists at the path, `PermissionDenied` if this user may not read
    /// it, or another error of `open(2)`. The other errors describe what the file contains.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        // Opening a named pipe would wait for its writer.
        if !path.metadata()?.is_file() {
            return Err(CaptureError::NotAFile);
        }
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut magic = Vec::new();
        (&file).take(4).read_to_end(&mut magic)?;
        file.rewind()?;
        let file = file.take(size);
        let reader = match *magic.as_slice() {
            [0x0a, 0x0d, 0x0d, 0x0a] => {
                let reader = PcapNgReader::with_capacity(file, LONGEST_BLOCK);
                CaptureReader::PcapNg(reader.map_err(|error| of_header(of_pcapng(error, 0)))?)
            }
            [0xa1, 0xb2, 0xc3, 0xd4]
            | [0xd4, 0xc3, 0xb2, 0xa1]
            | [0xa1, 0xb2, 0x3c, 0x4d]
            | [0x4d, 0x3c, 0xb2, 0xa1] => {
                let reader = PcapReader::with_capacity(file, LONGEST_BLOCK);
                let reader = reader.map_err(|error| of_header(of_pcap(error, 0)))?;
                CaptureReader::Pcap { reader, parsed: PCAP_HEADER }
            }
            [] => return Err(CaptureError::Empty),
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] => return Err(CaptureError::Compressed),
            _ => return Err(CaptureError::UnknownFormat),
        };
        Ok(Self { reader, size, time: Duration::ZERO })
    }

    /// Reads one block, and calls the function if it is a packet.
    ///
    /// # Errors
    /// `Io` and `Damaged`. Every further call fails as well.
    pub(super) fn step(
        &mut self,
        see: &mut dyn FnMut(CapturedPacket<'_>),
    ) -> Result<CaptureStep, CaptureError> {
        let Self { reader, size, time } = self;
        match reader {
            CaptureReader::PcapNg(reader) => {
                let offset = reader.bytes_parsed();
                match reader.next_raw_block() {
                    None => Ok(CaptureStep::End),
                    Some(Err(error)) => incomplete(of_pcapng(error, offset), offset, *size),
                    Some(Ok((block, state))) => {
                        if let ENHANCED_PACKET_BLOCK | PACKET_BLOCK | SIMPLE_PACKET_BLOCK =
                            block.type_
                        {
                            let block = block.try_into_block(state);
                            let block = block.map_err(|error| damaged(offset, &error))?;
                            let links = |interface: usize| {
                                let interface = state.interfaces().get(interface);
                                interface.map_or(DataLink::NULL, |interface| interface.linktype)
                            };
                            see_block(&block, links, time, see);
                        }
                        Ok(CaptureStep::Continues)
                    }
                }
            }
            CaptureReader::Pcap { reader, parsed } => {
                let header = reader.header();
                let offset = *parsed;
                match reader.next_raw_packet() {
                    None => Ok(CaptureStep::End),
                    Some(Err(error)) => incomplete(of_pcap(error, offset), offset, *size),
                    Some(Ok(packet)) => {
                        *parsed += PCAP_PACKET_HEADER + packet.data.len() as u64;
                        // The length limit of the header is not checked: some programs write a
                        // wrong one.
                        let packet = packet.try_into_pcap_packet(header.ts_resolution, u32::MAX);
                        let packet = packet.map_err(|error| damaged(offset, &error))?;
                        *time = packet.timestamp();
                        let (time, link, data) = (*time, header.datalink, packet.data());
                        see(CapturedPacket { time, link, data, comment: None });
                        Ok(CaptureStep::Continues)
                    }
                }
            }
        }
    }
}

/// Calls the function with the packet of a block.
fn see_block(
    block: &Block<'_>,
    links: impl Fn(usize) -> DataLink,
    time: &mut Duration,
    see: &mut dyn FnMut(CapturedPacket<'_>),
) {
    let (link, data, comment) = match block {
        Block::EnhancedPacket(packet) => {
            *time = packet.timestamp;
            let comment = packet.options.iter().find_map(|option| match option {
                EnhancedPacketOption::Common(CommonOption::Comment(text)) => Some(text.as_ref()),
                _ => None,
            });
            (links(packet.interface_id as usize), &packet.data, comment)
        }
        Block::Packet(packet) => {
            *time = packet.timestamp;
            (links(packet.interface_id.into()), &packet.data, None)
        }
        Block::SimplePacket(packet) => (links(0), &packet.data, None),
        _ => return,
    };
    see(CapturedPacket { time: *time, link, data, comment });
}

/// Returns the step for an error: at the end of the file a block may be incomplete. A block that is
/// longer than what is read at a time is damaged.
fn incomplete(error: CaptureError, offset: u64, size: u64) -> Result<CaptureStep, CaptureError> {
    match error {
        CaptureError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            if size.saturating_sub(offset) < LONGEST_BLOCK as u64 {
                Ok(CaptureStep::EndsEarly)
            } else {
                Err(CaptureError::Damaged { offset, reason: "a block is too long".to_owned() })
            }
        }
        error => Err(error),
    }
}

/// Returns the error of reading the header of a file.
fn of_header(error: CaptureError) -> CaptureError {
    match error {
        CaptureError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            CaptureError::IncompleteHeader
        }
        error => error,
    }
}

fn of_pcapng(error: PcapNgReadError, offset: u64) -> CaptureError {
    match error {
        PcapNgReadError::Io(error) => CaptureError::Io(error),
        error => damaged(offset, &error),
    }
}

fn of_pcap(error: PcapReadError, offset: u64) -> CaptureError {
    match error {
        PcapReadError::Io(error) => CaptureError::Io(error),
        error => damaged(offset, &error),
    }
}

/// Returns the error for what the library cannot parse, with the innermost reason.
fn damaged(offset: u64, error: &dyn Error) -> CaptureError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    CaptureError::Damaged { offset, reason: innermost.to_string() }
}

impl Debug for CaptureFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureFile").field("size", &self.size).finish_non_exhaustive()
    }
}
