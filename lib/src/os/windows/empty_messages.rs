//! The meaning of messages of zero bytes.

use super::{connection::Connection, stream::Stream};
use std::{io, sync::atomic::Ordering};

/// Implements the method for a synchronous or asynchronous stream.
macro_rules! empty_message_methods {
    ($stream:ty) => {
        /// The meaning of messages of zero bytes.
        impl $stream {
            /// Sets whether messages of zero bytes mean nothing. By default such a message is the end
            /// of file.
            ///
            /// If they mean nothing, reads skip them, and the sending direction cannot be shut
            /// down, as on a byte-type pipe: that fails with `Unsupported`. This is for programs
            /// that send empty messages of their own. It has no effect on a direction that has
            /// ended, and applies to all clones and halves of the stream.
            pub fn ignore_empty_messages(&self, ignores: bool) {
                self.connection().ignores_empty_messages.store(ignores, Ordering::Relaxed);
            }
        }
    };
}
empty_message_methods!(Stream);
#[cfg(feature = "tokio")]
empty_message_methods!(super::tokio::Stream);

impl Connection {
    /// Returns whether a read of zero bytes is the end of file. Otherwise it is skipped.
    pub(super) fn ends_with_empty_message(&self) -> bool {
        !self.ignores_empty_messages.load(Ordering::Relaxed)
    }

    /// Checks whether the end of file can be sent.
    ///
    /// # Errors
    /// `Unsupported` if the peer would not understand it.
    pub(super) fn require_half_close(&self) -> io::Result<()> {
        let text = if !self.info.has_messages {
            "the pipe is byte-type and has no half-close"
        } else if !self.ends_with_empty_message() {
            "messages of zero bytes are not the end of file on this pipe"
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}
