use super::super::PeerState;
use local_socket::{Stream, traits::StreamCommon as _};
use lsock_startup::unread;
use rustix::event::{PollFd, PollFlags};
use std::{io, os::fd::AsFd};

/// Waits until there is something to receive, for a stream that is non-blocking.
pub(crate) fn to_receive(stream: &Stream) -> io::Result<()> {
    super::wait(&mut [PollFd::new(stream, PollFlags::IN)], None).map(|_| ())
}

/// Waits until something can be sent, for a stream that is non-blocking.
pub(crate) fn to_send(stream: &Stream) -> io::Result<()> {
    super::wait(&mut [PollFd::new(stream, PollFlags::OUT)], None).map(|_| ())
}

/// Looks at what the socket shows of its peer.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    // A peer that closes resets the connection before it discards what it has not read, so
    // that this order misses neither.
    let unread = if stream.peer_hung_up().unwrap_or(false) {
        unread(stream.as_fd()).unwrap_or(0)
    } else {
        0
    };
    let error = stream.take_error().ok().flatten();
    let was_reset = error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    PeerState { was_reset, unread }
}
