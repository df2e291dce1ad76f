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
    /// Returns the warning for lost descriptors, which is logged once for each direction of a
    /// connection.
    pub(crate) fn warning(self) -> &'static str {
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
