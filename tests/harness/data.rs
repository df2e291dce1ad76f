use std::{
    io::{Read, Write},
    sync::LazyLock,
};

/// Length of the repeated block of test data. It is a prime number, so that blocks which are
/// swapped, doubled or left out are noticed.
const PERIOD: usize = 1_048_573;

static BLOCK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(PERIOD).collect()
});

/// Returns the first bytes of the test data.
pub(crate) fn data(length: usize) -> Vec<u8> {
    let mut bytes = BLOCK.repeat(length.div_ceil(PERIOD));
    bytes.truncate(length);
    bytes
}

/// Fails unless the bytes are as expected, with the lengths, the first difference and the
/// context.
#[track_caller]
pub(crate) fn assert_bytes(received: &[u8], expected: &[u8], context: impl FnOnce() -> String) {
    if received != expected {
        let same = received.iter().zip(expected).take_while(|(one, other)| one == other).count();
        let shown = |bytes: &[u8]| {
            let bytes = &bytes[same..bytes.len().min(same + 60)];
            format!("`{}`", bytes.escape_ascii())
        };
        panic!(
            "{} bytes instead of {}, the same up to byte {same}: then {} instead of {}\n{}",
            received.len(),
            expected.len(),
            shown(received),
            shown(expected),
            context()
        );
    }
}

/// Test data that is written or checked piece by piece.
#[derive(Default)]
pub(crate) struct Data {
    position: usize,
}

impl Data {
    /// Returns up to `length` of the next bytes.
    fn piece(&self, length: usize) -> &'static [u8] {
        &BLOCK[self.position..(self.position + length).min(PERIOD)]
    }

    fn advance(&mut self, length: usize) {
        self.position = (self.position + length) % PERIOD;
    }

    /// Writes the next bytes.
    pub(crate) fn write_to(&mut self, mut writer: impl Write, count: u64) {
        let mut left = count;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(PERIOD);
            let written = writer.write(self.piece(most)).unwrap();
            self.advance(written);
            left -= written as u64;
        }
    }

    /// Reads to the end of file and checks all bytes. Returns their number.
    #[track_caller]
    pub(crate) fn read_from(&mut self, mut reader: impl Read) -> u64 {
        let (mut count, mut buffer) = (0, vec![0; 1 << 20]);
        while let read @ 1.. = reader.read(&mut buffer).unwrap() {
            let mut bytes = &buffer[..read];
            while !bytes.is_empty() {
                let piece = self.piece(bytes.len());
                assert!(bytes.starts_with(piece), "wrong bytes after byte {count}");
                self.advance(piece.len());
                bytes = &bytes[piece.len()..];
            }
            count += read as u64;
        }
        count
    }
}
