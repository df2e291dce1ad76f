use super::{
    super::{super::PeerState, socket::peer_state},
    master::Master,
};
use local_socket::os::unix::unread_by_peer;
use std::{
    os::fd::BorrowedFd,
    sync::{Arc, Mutex, PoisonError},
};

/// What the program at a terminal has not read yet, for the socket that leads to the terminal.
#[derive(Debug)]
pub(in super::super) struct TerminalInput(Mutex<InputState>);

#[derive(Debug)]
enum InputState {
    Open(Arc<Master>),
    /// The session is over. `has_lost` is whether its program has not read everything.
    Ended {
        has_lost: bool,
    },
}

impl TerminalInput {
    pub(super) fn new(master: Arc<Master>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(InputState::Open(master))))
    }

    /// Ends the session.
    pub(super) fn end(&self, has_lost: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = InputState::Ended { has_lost };
    }

    /// Returns the state of the program. `socket` is the one that leads to the terminal: what is still
    /// in it is not read either.
    pub(in super::super) fn peer_state(&self, socket: BorrowedFd<'_>) -> PeerState {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            InputState::Open(master) => {
                let in_socket = unread_by_peer(socket).unwrap_or(0);
                let in_terminal = master.unread().unwrap_or(0);
                let unread = in_socket + usize::try_from(in_terminal).unwrap_or(usize::MAX);
                PeerState { unread, ..PeerState::default() }
            }
            InputState::Ended { has_lost } => {
                let state = peer_state(socket, true, false);
                PeerState { was_reset: state.was_reset || *has_lost, ..state }
            }
        }
    }
}
