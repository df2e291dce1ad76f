use std::fmt::Debug;

/// A process identifier.
#[cfg(unix)]
pub(crate) type Pid = libc::pid_t;
/// A process identifier.
#[cfg(windows)]
pub(crate) type Pid = u32;

/// Credentials of the peer: the process that connected or listened, as it was at that time.
///
/// A value that the system does not return is `None`; see each method.
#[derive(Clone, Debug)]
pub struct PeerCreds {
    pub(crate) pid: Option<Pid>,
    #[cfg(unix)]
    pub(crate) unix: crate::os::unix::peer::Ids,
}

impl PeerCreds {
    /// Returns the process identifier.
    ///
    /// The process may have ended, and its identifier may have been reused. On Linux
    /// `os::unix::Stream::peer_pidfd` returns a descriptor of the process itself.
    ///
    /// # Platform-specific behaviour
    /// Linux, Android, macOS, FreeBSD, OpenBSD, NetBSD and Windows return it.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }
}
