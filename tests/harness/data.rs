/// Length of the repeated block of test data. It is a prime number, so that blocks which are
/// swapped, doubled or left out are noticed.
const PERIOD: usize = 1_048_573;

/// Returns the first bytes of the test data.
pub(crate) fn data(length: usize) -> Vec<u8> {
    let mut data = Data::new();
    let mut bytes = vec![0; length];
    data.fill(&mut bytes);
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

/// Test data that is generated or checked piece by piece.
pub(crate) struct Data {
    block: Vec<u8>,
    position: usize,
    pub(crate) count: u64,
}

impl Data {
    pub(crate) fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        let block = std::iter::repeat_with(next).take(PERIOD).collect();
        Self { block, position: 0, count: 0 }
    }

    fn fill(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let length = self.piece(bytes.len()).len();
            bytes[..length].copy_from_slice(self.piece(length));
            self.passed(length);
            bytes = &mut bytes[length..];
        }
    }

    /// Fails unless the bytes are the next ones of the test data.
    #[track_caller]
    pub(crate) fn check(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let piece = self.piece(bytes.len());
            let length = piece.len();
            assert!(piece == &bytes[..length], "wrong bytes after byte {}", self.count);
            self.passed(length);
            bytes = &bytes[length..];
        }
    }

    /// Returns up to `length` of the next bytes.
    pub(crate) fn piece(&self, length: usize) -> &[u8] {
        &self.block[self.position..(self.position + length).min(PERIOD)]
    }

    /// Moves on by that many bytes.
    pub(crate) fn passed(&mut self, length: usize) {
        self.position = (self.position + length) % PERIOD;
        self.count += length as u64;
    }
}
