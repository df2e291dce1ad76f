use super::super::PeerState;
use local_socket::{Stream, traits::StreamCommon as _};
use std::io;

/// Streams are blocking here, so that there is nothing to wait for.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_receive(_: &Stream) -> io::Result<()> {
    Ok(())
}

/// As [`to_receive`].
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_send(_: &Stream) -> io::Result<()> {
    Ok(())
}

/// Looks at what the pipe shows of its peer. That cannot end both directions without closing.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    let error = stream.take_error().ok().flatten();
    let was_reset = error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    PeerState { was_reset, unread: 0 }
}
