//! Waiting until a program opens a terminal.

use lsock_startup::Watched;
use std::{io, path::Path, time::Duration};

/// Notices that a terminal is opened, in an event loop. The system does not wake who waits for the
/// other side of the terminal.
#[derive(Debug)]
pub(super) struct Opening {
    /// An inotify instance (`inotify(7)`). `None` where there is none: the terminal is examined again
    /// after pauses.
    events: Option<Watched>,
}

/// Time between two looks at a terminal without inotify.
const PAUSE: Duration = Duration::from_millis(50);

impl Opening {
    /// Starts to watch the terminal at the path.
    pub(super) fn of(path: &Path) -> Self {
        let events = watch(path);
        if let Err(error) = &events {
            tracing::debug!(%error, "the terminal is examined every {PAUSE:?}");
        }
        Self { events: events.ok() }
    }

    /// Waits until the terminal may have been opened since the last call. Cancel safe.
    pub(super) async fn maybe(&self) -> io::Result<()> {
        let Some(events) = &self.events else {
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        };
        loop {
            std::future::poll_fn(|cx| events.poll_read_ready(cx)).await?;
            let mut buffer = [0; 4096];
            // The events need not be looked at: the caller examines the terminal.
            match events.try_read(|fd| Ok(rustix::io::read(fd, &mut buffer)?)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read.map(drop),
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn watch(path: &Path) -> io::Result<Watched> {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    add_watch(&events, path, WatchFlags::OPEN)?;
    Watched::new(events)
}

#[cfg(not(target_os = "linux"))]
fn watch(_: &Path) -> io::Result<Watched> {
    Err(io::ErrorKind::Unsupported.into())
}
