use std::fmt::Debug;

/// How a process is numbered.
#[cfg(unix)]
pub(crate) type Pid = libc::pid_t;
/// How a process is numbered.
#[cfg(windows)]
pub(crate) type Pid = u32;

/// Who is at the other end of a stream: the process that connected, or that listened,
/// as it was at that moment.
///
/// What a system does not tell is `None`; see each method.
#[derive(Clone, Debug)]
pub struct PeerCreds {
    pub(crate) pid: Option<Pid>,
    #[cfg(unix)]
    pub(crate) unix: crate::os::unix::peer::Ids,
}

impl PeerCreds {
    /// The process identifier.
    ///
    /// It says who it was: by now the process may have ended, and its number may be
    /// another's. On Linux `os::unix::Stream::peer_pidfd` is of the process itself.
    ///
    /// # Platform-specific behaviour
    /// Linux, Android, macOS, FreeBSD, OpenBSD, NetBSD and Windows tell.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }
}
