//! Handling of descriptors that arrive with data, and the warnings about it.

/// Whether descriptors that arrive with data are passed on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    On,
    /// Closed; `--pass-fds` would pass them on.
    Offered,
    /// Closed; one side of the relay cannot carry descriptors.
    Impossible,
    /// Closed; the command has no option for them.
    NotHere,
}

impl Passing {
    /// Warns of lost descriptors, once for each direction of a connection. `number` is the sequence
    /// number of the connection; `None` if there is only one.
    pub(crate) fn warn(self, number: Option<u64>) {
        match number {
            Some(number) => tracing::warn!(conn = number, "connection {number}: {}", self.text()),
            None => tracing::warn!("{}", self.text()),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::On => {
                "descriptors that came along with data were lost: this process may not open more"
            }
            Self::Offered => {
                "a descriptor that came along with data was closed; --pass-fds passes them on"
            }
            Self::Impossible => {
                "a descriptor that came along with data was closed; --pass-fds takes local \
                 sockets on both sides"
            }
            Self::NotHere => {
                "a descriptor that came along with data was closed; only `lsock relay --pass-fds` \
                 passes descriptors on"
            }
        }
    }
}
