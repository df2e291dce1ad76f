//! Sockets that are closed a little later than their connections end.

use std::os::fd::OwnedFd;

/// The sockets of ended connections that are not closed yet.
///
/// They are closed once the tasks that the next events wake were polled. One of these often serves the
/// next client, and connects to the same target. The target has just been woken by the end of the last
/// connection; if the next one comes only after both sockets were closed, it sleeps by then and is woken
/// once more, which on another processor takes longer than the two calls.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// Those that were added before the event loop last asked for events.
    due: Vec<OwnedFd>,
    /// Those that were added since.
    added: Vec<OwnedFd>,
}

/// The most sockets that are kept: those of one connection.
pub(super) const KEPT: usize = 2;

impl Closing {
    /// Keeps a socket. Returns it if there are as many already: it is to be closed at once.
    #[must_use]
    pub(super) fn add(&mut self, socket: OwnedFd) -> Option<OwnedFd> {
        if self.due.len() + self.added.len() == KEPT {
            return Some(socket);
        }
        self.added.push(socket);
        None
    }

    /// Closes the sockets that were added before the event loop last asked for events. Returns whether
    /// others are left: they must not wait for events that may never come.
    pub(super) fn close_due(&mut self) -> bool {
        self.due.clear();
        self.due.append(&mut self.added);
        !self.due.is_empty()
    }

    /// Closes all sockets now.
    pub(super) fn close_all(&mut self) {
        self.due.clear();
        self.added.clear();
    }
}
