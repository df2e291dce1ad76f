use super::super::{Output, PeerState, Receivable};
use local_socket::{
    Listener, Stream,
    traits::{Stream as _, StreamCommon as _},
};
use std::{io, time::Duration};

/// Returns at once: streams are blocking, and the system does not report that a reader has closed.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_receive(_: &Stream, _: &Output) -> io::Result<Receivable> {
    Ok(Receivable::Stream)
}

/// Returns at once: listeners are blocking, and the system does not report that a reader has
/// closed.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_accept(_: &Listener, _: &Output) -> io::Result<Receivable> {
    Ok(Receivable::Stream)
}

/// Does nothing: pipes have no urgent data.
pub(crate) fn receive_urgent_in_line(_: &Stream) {}

/// Makes messages of zero bytes mean nothing, instead of the end of file.
pub(crate) fn ignore_empty_messages(stream: &Stream) {
    let Stream::NamedPipe(pipe) = stream;
    pipe.ignore_empty_messages(true);
}

/// Returns at once: streams are blocking.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_send(_: &Stream) -> io::Result<()> {
    Ok(())
}

/// Waits until the peer has read everything or has closed, or for the given time. Data that the
/// pipe has not taken is lost when this process ends.
pub(crate) fn until_closing_loses_nothing(stream: &Stream, limit: Duration) -> io::Result<()> {
    if stream.peer_hung_up().unwrap_or(true) { Ok(()) } else { stream.drain(limit) }
}

/// Returns the state of the peer, which cannot shut down both directions without closing the pipe.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    let error = stream.take_error().ok().flatten();
    let was_reset = error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    PeerState { was_reset, unread: 0 }
}
