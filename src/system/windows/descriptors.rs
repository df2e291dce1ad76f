use crate::system::PassedDescriptor;
use local_socket::Stream;
use std::io::{self, Read};

/// The descriptors of one direction of a transfer: none, pipes cannot carry them.
#[derive(Debug, Default)]
pub(crate) struct Descriptors;

impl Descriptors {
    /// Whether this system can send descriptors with data.
    pub(crate) const ARE_PASSED: bool = false;

    pub(crate) fn new(_: bool) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "other systems hold some")]
    pub(crate) fn are_held(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "other systems hold some")]
    pub(crate) fn describe(&self) -> Vec<PassedDescriptor> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "other systems hold some")]
    pub(crate) fn hold_a_byte(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "other systems lose some")]
    pub(crate) fn read(&mut self, mut stream: &Stream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer)
    }

    #[expect(clippy::unused_self, reason = "other systems lose some")]
    pub(crate) fn were_lost(&mut self) -> bool {
        false
    }
}
