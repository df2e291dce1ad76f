//! Notices that files of a folder are created, moved or removed.

#[cfg(target_os = "linux")]
use lsock_startup::Watched;
use std::{io, path::Path};

/// A watched folder, in an event loop.
#[derive(Debug)]
pub(crate) struct FolderWatch {
    /// An inotify instance (`inotify(7)`).
    #[cfg(target_os = "linux")]
    events: Watched,
}

#[cfg(target_os = "linux")]
impl FolderWatch {
    /// Starts to watch the folder of a file.
    ///
    /// # Errors
    /// An error of `inotify_init1(2)` or `inotify_add_watch(2)`, such as `EMFILE` if this user has
    /// too many instances.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let changes = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE;
        add_watch(&events, super::path_walk::folder_of(path), changes | WatchFlags::ONLYDIR)?;
        Ok(Self { events: Watched::new(events)? })
    }

    /// Waits for a change since the last call. Cancel safe.
    pub(crate) async fn changed(&self) -> io::Result<()> {
        loop {
            std::future::poll_fn(|cx| self.events.poll_read_ready(cx)).await?;
            let mut buffer = [0; 4096];
            // The events need not be looked at: the caller examines its file.
            match self.events.try_read(|fd| Ok(rustix::io::read(fd, &mut buffer)?)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read.map(drop),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl FolderWatch {
    /// Fails: only Linux has inotify.
    pub(crate) fn of_file(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(clippy::unused_async, clippy::unused_self, reason = "as on Linux")]
    pub(crate) async fn changed(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
