use super::super::PeerState;
use local_socket::{
    Stream,
    traits::{Stream as _, StreamCommon as _},
};
use std::{io, time::Duration};

/// Returns at once: streams are blocking.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_receive(_: &Stream) -> io::Result<()> {
    Ok(())
}

/// Returns at once: streams are blocking.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_send(_: &Stream) -> io::Result<()> {
    Ok(())
}

/// Waits until the peer has read everything, or for the given time. Data that the pipe has not taken
/// is lost when this process ends.
pub(crate) fn until_closing_loses_nothing(stream: &Stream, limit: Duration) -> io::Result<()> {
    stream.drain(limit)
}

/// Returns the state of the peer, which cannot shut down both directions without closing the pipe.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    let error = stream.take_error().ok().flatten();
    let was_reset = error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    PeerState { was_reset, unread: 0 }
}
