use super::{super::PeerState, socket};
use local_socket::Stream;
use rustix::event::PollFlags;
use std::{io, os::fd::AsFd, time::Duration};

/// Waits until a non-blocking stream can be read.
pub(crate) fn to_receive(stream: &Stream) -> io::Result<()> {
    super::wait_for(stream, PollFlags::IN)
}

/// Waits until a non-blocking stream can be written.
pub(crate) fn to_send(stream: &Stream) -> io::Result<()> {
    super::wait_for(stream, PollFlags::OUT)
}

/// Returns at once: data that was written can be read after this end was closed and its process has
/// ended.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn until_closing_loses_nothing(_: &Stream, _: Duration) -> io::Result<()> {
    Ok(())
}

/// Returns the state of the peer.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    socket::peer_state(stream.as_fd(), true)
}
