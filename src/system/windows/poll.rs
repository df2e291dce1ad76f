use super::super::{Output, PeerState, Receivable};
use local_socket::{
    Listener, Stream,
    os::windows::unread_by_peer,
    traits::{Stream as _, StreamCommon},
};
use std::{io, os::windows::io::AsHandle, time::Duration};

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

/// Starts to watch whether the peer reads what was sent, which [`peer_state`] returns. The system
/// does not report it afterwards.
pub(crate) fn watch_delivery(stream: &Stream) {
    // It fails if there is unread data, or the peer has closed.
    let _ = stream.drain(Duration::ZERO);
}

/// Returns the state of the peer.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    let drained = stream.drain(Duration::ZERO);
    state_of(&drained, stream)
}

/// Returns the state of the peer after the stream was drained without waiting.
pub(super) fn state_of(
    drained: &io::Result<()>,
    stream: &(impl StreamCommon + AsHandle),
) -> PeerState {
    let error = stream.take_error().ok().flatten();
    let was_reset = error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    let has_unread =
        matches!(drained, Err(error) if error.kind() == io::ErrorKind::TimedOut) && !was_reset;
    // Wine does not count the bytes.
    let count = || unread_by_peer(stream.as_handle()).unwrap_or(1).max(1);
    PeerState { was_reset, unread: if has_unread { count() } else { 0 }, is_open: has_unread }
}
