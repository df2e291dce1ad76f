//! What becomes of descriptors that come along with data, and what is said of it.

/// Whether descriptors that come along with data are passed on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    On,
    /// They are closed; `--pass-fds` would pass them on.
    Offered,
    /// They are closed; one side of the relay cannot carry any.
    Impossible,
    /// They are closed; the command has no option for them.
    NotHere,
}

impl Passing {
    /// What is said, once for each direction of a connection, if some were lost.
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
