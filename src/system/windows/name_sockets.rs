//! Finds out whether a pipe exists.

use crate::system::{ListenState, NameSockets, SocketQuery, socket_table::SocketKind};
use local_socket::{
    Name,
    os::windows::{NameExt as _, PipeState},
};

/// Finds out whether a server has the pipe, without connecting. The system says neither which process
/// that is nor who is connected.
pub(crate) fn find_sockets(name: &Name<'_>, _: SocketQuery) -> NameSockets {
    match name.pipe_state() {
        Ok(PipeState::Absent) => NameSockets::without_server(ListenState::No),
        Ok(PipeState::Free | PipeState::Busy) => NameSockets {
            kind: Some(SocketKind::Stream),
            ..NameSockets::without_server(ListenState::Yes)
        },
        Err(_) => NameSockets::UNKNOWN,
    }
}
