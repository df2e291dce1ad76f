//! The name of a listener and its file.

use super::{address, bound::Bound, own_file::OwnFile, settings::access_check};
use crate::{ListenerOptions, Name, options::AcceptFilter};
use std::{
    io,
    os::unix::net::{SocketAddr, UnixListener},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The name of a listener, its file, and the filter of its clients.
///
/// Dropping it removes the file. It has to be dropped before the socket: as long as the file
/// exists, somebody listens, and no other file can have its inode.
#[derive(Debug, Default)]
pub(super) struct BoundName {
    file: Mutex<Option<OwnFile>>,
    name: Option<Name<'static>>,
    pub(super) filter: AcceptFilter,
}

impl BoundName {
    /// Separates a socket that was bound as the options say from its name and file.
    pub(super) fn split(bound: Bound, options: ListenerOptions<'_>) -> (UnixListener, Self) {
        let mut filter = options.accept_filter;
        // A name without a file has no permissions, so the clients are checked.
        if bound.file.is_none() {
            filter.access = options.access.and_then(access_check);
        }
        let (file, name) = (Mutex::new(bound.file), options.name.map(Name::into_owned));
        let this = Self { file, name, filter };
        if !options.reclaim_name {
            this.keep_file();
        }
        (bound.socket, this)
    }

    /// Returns the file, if it is still there and is removed when this is dropped.
    pub(super) fn file(&self) -> MutexGuard<'_, Option<OwnFile>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remove_file(&self) {
        drop(self.file().take());
    }

    /// Keeps the file when this is dropped.
    pub(super) fn keep_file(&self) {
        if let Some(file) = self.file().take() {
            file.leave();
        }
    }

    /// Returns the name, or that of the socket's address if the socket was not bound here.
    pub(super) fn name(
        &self,
        address: impl FnOnce() -> io::Result<SocketAddr>,
    ) -> io::Result<Name<'static>> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => address::name_of(&address()?).ok_or_else(|| {
                io::Error::new(io::ErrorKind::Unsupported, "the socket has no name")
            }),
        }
    }
}
