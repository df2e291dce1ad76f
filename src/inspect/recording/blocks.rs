use pcap_file::{
    DataLink, Endianness,
    pcapng::{
        PcapNgBlock as _, PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{
                InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
            },
            opt_common::CommonOption,
            section_header::{SectionHeaderBlock, SectionHeaderOption},
        },
    },
};
use std::{
    borrow::Cow,
    fmt::{self, Debug, Formatter},
    time::Duration,
};

/// Blocks of a pcapng file that are not written yet.
pub(super) struct CaptureBlocks {
    /// `None` if the header could not be made.
    writer: Option<PcapNgWriter<Vec<u8>>>,
}

/// The largest packet.
const LARGEST: u32 = 65_535;

impl CaptureBlocks {
    /// Creates the header of a file: the section, and an interface with times in nanoseconds.
    pub(super) fn new() -> Self {
        let program = concat!("lsock ", env!("CARGO_PKG_VERSION"));
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![SectionHeaderOption::UserApplication(program.into())],
            ..SectionHeaderBlock::default()
        };
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: LARGEST,
            options: vec![
                InterfaceDescriptionOption::IfName("lsock".into()),
                InterfaceDescriptionOption::IfDescription(
                    "connections of local sockets; the addresses are made up".into(),
                ),
                InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
            ],
        };
        let writer = PcapNgWriter::with_section_header(Vec::new(), section);
        let writer = writer.and_then(|mut writer| {
            writer.write_block(&interface.into_block())?;
            Ok(writer)
        });
        if let Err(error) = &writer {
            tracing::error!(%error, "cannot record");
        }
        Self { writer: writer.ok() }
    }

    /// Adds a packet. `time` is the time since 1970.
    pub(super) fn add(&mut self, time: Duration, packet: &[u8], comment: Option<String>) {
        let Some(writer) = &mut self.writer else { return };
        let comment = comment.map(|text| CommonOption::Comment(Cow::Owned(shortened(text))));
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: time,
            original_len: u32::try_from(packet.len()).unwrap_or(LARGEST),
            data: Cow::Borrowed(packet),
            options: comment.map(EnhancedPacketOption::Common).into_iter().collect(),
        };
        if let Err(error) = writer.write_block(&block.into_block()) {
            tracing::debug!(%error, "packet not recorded");
        }
    }

    /// Returns the size of the blocks, in bytes.
    pub(super) fn len(&self) -> usize {
        self.writer.as_ref().map_or(0, |writer| writer.get_ref().len())
    }

    /// Takes the blocks.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.writer.as_mut().map(|writer| std::mem::take(writer.get_mut())).unwrap_or_default()
    }

    /// Takes memory back for the next blocks.
    pub(super) fn give_back(&mut self, mut memory: Vec<u8>) {
        if let Some(writer) = &mut self.writer {
            memory.clear();
            *writer.get_mut() = memory;
        }
    }
}

/// Returns a comment that fits into an option, whose length has 16 bits.
fn shortened(mut text: String) -> String {
    const LONGEST: usize = 60_000;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
    }
    text
}

impl Debug for CaptureBlocks {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureBlocks").field("len", &self.len()).finish_non_exhaustive()
    }
}
