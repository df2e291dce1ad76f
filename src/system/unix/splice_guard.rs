//! Keeps descriptors from being lost when the bytes that they come with are spliced: `splice(2)` closes
//! them unnoticed.

use lsock_startup::refuse_descriptors;
use std::{
    cell::RefCell,
    collections::HashMap,
    fs::File,
    os::{
        fd::{AsRawFd, BorrowedFd, RawFd},
        unix::fs::FileExt,
    },
};

/// Decides whether bytes of a local socket can be spliced without losing a descriptor.
///
/// Before each piece it reads how many descriptors wait in the socket (`scm_fds` in
/// `/proc/PID/fdinfo`, Linux 5.8). Once much data moves, it has the system refuse further descriptors
/// (Linux 6.16), which need not be looked for any more.
#[derive(Debug, Default)]
pub(super) struct SpliceGuard {
    refusal: Refusal,
}

/// Whether the system refuses descriptors.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Refusal {
    #[default]
    NotRequested,
    /// It cannot.
    Unsupported,
    /// Requested. A sender that the system has admitted before can still add its descriptors.
    Requested,
    /// None are left from before.
    Complete,
}

impl SpliceGuard {
    /// Returns whether the bytes that wait in the socket come without descriptors; `false` if it is not
    /// known. They must be read then. `is_bulk` is whether much data moves.
    pub(super) fn has_none(&mut self, socket: BorrowedFd<'_>, is_bulk: bool) -> bool {
        if self.refusal == Refusal::Complete {
            return true;
        }
        let has_none = reports_none(socket);
        self.refusal = match self.refusal {
            Refusal::NotRequested if is_bulk => match refuse_descriptors(socket) {
                Ok(()) => Refusal::Requested,
                Err(_) => Refusal::Unsupported,
            },
            Refusal::Requested if has_none => Refusal::Complete,
            other => other,
        };
        has_none
    }
}

thread_local! {
    /// The files that report the descriptors in sockets. A file reports the socket that has the number
    /// when it is read.
    static FILES: RefCell<HashMap<RawFd, File>> = RefCell::default();
}

/// Maximum number of these files that a thread keeps open.
pub(super) const KEPT: usize = 8;

/// Returns whether no descriptors wait in the socket; `false` if it is not known.
fn reports_none(socket: BorrowedFd<'_>) -> bool {
    const NONE: &[u8] = b"\nscm_fds: 0\n";
    let number = socket.as_raw_fd();
    FILES.with_borrow_mut(|files| {
        if !files.contains_key(&number) {
            let Ok(file) = File::open(format!("/proc/self/fdinfo/{number}")) else { return false };
            if files.len() >= KEPT {
                files.clear();
            }
            files.insert(number, file);
        }
        let mut text = [0; 256];
        let length = files.get(&number).and_then(|file| file.read_at(&mut text, 0).ok());
        text[..length.unwrap_or(0)].windows(NONE.len()).any(|part| part == NONE)
    })
}
