//! Noticing that the server of a tap has ended, or that its name has another file.

use super::StandIn;
use crate::system::{FolderWatch, ProcessWatch, socket_file::SocketFile};
use local_socket::error::{Holder, reason};
use std::{
    fmt::{self, Display, Formatter},
    future::pending,
    io,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Time between two looks at the server's socket. The system does not report that a socket is closed,
/// only that its process has ended.
const INTERVAL: Duration = Duration::from_millis(100);

/// Whether a tap cannot go on, and the reason.
#[derive(Debug)]
pub(crate) struct TapEnd {
    stand_in: Arc<StandIn>,
    reason: OnceLock<TapEndReason>,
    /// Cancelled when there is a reason.
    over: CancellationToken,
}

/// Why a tap cannot go on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum TapEndReason {
    /// Nobody listens on the server's socket any more.
    ServerEnded,
    /// Another file is at the name.
    Replaced,
    /// No file is at the name.
    Removed,
    /// The folder of the files was moved.
    Moved,
}

impl TapEnd {
    /// Returns the state of a tap that goes on. The token is cancelled when the tap cannot go on.
    pub(crate) fn new(stand_in: Arc<StandIn>, over: CancellationToken) -> Self {
        Self { stand_in, reason: OnceLock::new(), over }
    }

    /// Returns why the tap cannot go on, once it cannot.
    pub(crate) fn reason(&self) -> Option<TapEndReason> {
        self.reason.get().copied()
    }

    /// Returns the reason together with the file that is at the name by now: connections can go on for
    /// long after the reason was found.
    pub(crate) fn explanation(&self) -> Option<String> {
        let reason = self.reason()?;
        let file = || file_in_words(&self.stand_in.paths().name);
        Some(match reason {
            TapEndReason::ServerEnded | TapEndReason::Moved => reason.to_string(),
            TapEndReason::Replaced => match file() {
                Some(file) => format!("{file} has taken its place"),
                None => format!("{reason}, and was removed"),
            },
            TapEndReason::Removed => match file() {
                Some(file) => format!("{reason}, and {file} is there now"),
                None => reason.to_string(),
            },
        })
    }

    /// Looks at the name and at the server's socket. Returns whether the tap cannot go on.
    pub(super) fn check(&self) -> bool {
        match self.find_reason() {
            Ok(None) => return false,
            Ok(Some(reason)) => {
                self.reason.get_or_init(|| reason);
            }
            Err(error) => {
                tracing::debug!("the name cannot be examined: {}", reason(&error));
                return false;
            }
        }
        self.over.cancel();
        true
    }

    fn find_reason(&self) -> io::Result<Option<TapEndReason>> {
        let paths = self.stand_in.paths();
        if !self.stand_in.is_in_place()? {
            // A server that examines the file can move it away and back. It holds the lock then.
            let _lock = paths.lock();
            if !self.stand_in.is_in_place()? {
                let is_there = paths.name.symlink_metadata().is_ok();
                return Ok(Some(match is_there {
                    true => TapEndReason::Replaced,
                    false if self.stand_in.is_moved() => TapEndReason::Moved,
                    false => TapEndReason::Removed,
                }));
            }
        }
        let has_ended = self.stand_in.server().is_stale(&paths.aside)?;
        Ok(has_ended.then_some(TapEndReason::ServerEnded))
    }
}

/// Describes the file at a path. Returns `None` if there is none.
fn file_in_words(path: &Path) -> Option<String> {
    match SocketFile::at_path(path) {
        Ok(file) => Some(match file.is_stale(path) {
            Ok(true) => "a stale socket file".to_owned(),
            _ => format!("the socket of {}", file.holder()),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Some(error.to_string()),
        Err(_) => Some("another file".to_owned()),
    }
}

/// Waits until the tap cannot go on.
pub(crate) async fn watch(end: &TapEnd) {
    // Where a folder cannot be watched, the name is examined at intervals.
    let folder = FolderWatch::of_file(&end.stand_in.paths().name);
    let mut process = match end.stand_in.server().holder() {
        Holder::Process { pid, .. } => ProcessWatch::of(pid).ok(),
        _ => None,
    };
    loop {
        let ended = async {
            match &process {
                Some(process) if process.ended().await.is_ok() => {}
                _ => pending().await,
            }
        };
        let changed = async {
            match &folder {
                Ok(folder) if folder.changed().await.is_ok() => {}
                _ => pending().await,
            }
        };
        let has_ended = tokio::select! {
            () = ended => true,
            () = changed => false,
            () = tokio::time::sleep(INTERVAL) => false,
        };
        if end.check() {
            return;
        }
        if has_ended {
            // Another process still has the socket open.
            process = None;
        }
    }
}

impl Display for TapEndReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerEnded => "its server has ended",
            Self::Replaced => "another file has taken its place",
            Self::Removed => "its file was removed",
            Self::Moved => "its folder was moved",
        })
    }
}
