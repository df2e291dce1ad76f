//! Notices that a process ends.

#[cfg(target_os = "linux")]
use lsock_startup::Watched;
use std::io;

/// A watched process, in an event loop.
#[derive(Debug)]
pub(crate) struct ProcessWatch {
    /// A descriptor of the process (`pidfd_open(2)`).
    #[cfg(target_os = "linux")]
    process: Watched,
}

#[cfg(target_os = "linux")]
impl ProcessWatch {
    /// Starts to watch a process.
    ///
    /// # Errors
    /// `ESRCH` if there is no such process, or another error of `pidfd_open(2)`.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { process: Watched::new(pidfd_open(pid, PidfdFlags::empty())?)? })
    }

    /// Waits until the process has ended. The system has closed its sockets then. Cancel safe.
    pub(crate) async fn ended(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.process.poll_read_ready(cx)).await.map(|_| ())
    }
}

#[cfg(not(target_os = "linux"))]
impl ProcessWatch {
    /// Fails: only Linux has such descriptors.
    pub(crate) fn of(_: u32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(clippy::unused_async, clippy::unused_self, reason = "as on Linux")]
    pub(crate) async fn ended(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
