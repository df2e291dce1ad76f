/// The bytes that tests send: byte number n is always the same, and blocks that are
/// swapped, doubled or left out show, since the period is a prime number.
const PERIOD: usize = 1_048_573;

/// The first so many of the bytes.
pub(crate) fn data(length: usize) -> Vec<u8> {
    let mut data = Data::new();
    let mut bytes = vec![0; length];
    data.fill(&mut bytes);
    bytes
}

/// The bytes, made or checked as they pass.
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

    pub(crate) fn fill(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let length = self.piece(bytes.len()).len();
            bytes[..length].copy_from_slice(self.piece(length));
            self.passed(length);
            bytes = &mut bytes[length..];
        }
    }

    /// Fails unless these are the bytes that come next.
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

    /// At most so many of the bytes that come next.
    pub(crate) fn piece(&self, length: usize) -> &[u8] {
        &self.block[self.position..(self.position + length).min(PERIOD)]
    }

    pub(crate) fn passed(&mut self, length: usize) {
        self.position = (self.position + length) % PERIOD;
        self.count += length as u64;
    }
}
