use super::{
    super::{Output, PeerState, Receivable},
    socket,
};
use local_socket::{Listener, Stream};
use rustix::event::{PollFd, PollFlags};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// Waits until a stream can be read, or the reader of the output has closed.
pub(crate) fn to_receive(stream: &Stream, output: &Output) -> io::Result<Receivable> {
    let [stream, output] = readable_or_gone(stream.as_fd(), output)?;
    // What has arrived is written first: it may be lost.
    Ok(if output && !stream { Receivable::OutputGone } else { Receivable::Stream })
}

/// Waits until there is a client, or the reader of the output has closed, which comes first.
pub(crate) fn to_accept(listener: &Listener, output: &Output) -> io::Result<Receivable> {
    let [_, output] = readable_or_gone(listener.as_fd(), output)?;
    Ok(if output { Receivable::OutputGone } else { Receivable::Stream })
}

/// Makes urgent data ordinary data.
pub(crate) fn receive_urgent_in_line(stream: &Stream) {
    socket::receive_urgent_in_line(stream.as_fd());
}

/// Does nothing: sockets have no messages.
pub(crate) fn ignore_empty_messages(_: &Stream) {}

/// Waits until the socket can be read or the reader of the output has closed. Returns which of
/// them.
fn readable_or_gone(socket: BorrowedFd<'_>, output: &Output) -> io::Result<[bool; 2]> {
    let mut fds = [PollFd::new(&socket, PollFlags::IN), PollFd::new(output, PollFlags::empty())];
    let watched = if output.has_reader() { 2 } else { 1 };
    super::wait(&mut fds[..watched], None)?;
    Ok(fds.map(|fd| !fd.revents().is_empty()))
}

/// Waits until a non-blocking stream can be written.
pub(crate) fn to_send(stream: &Stream) -> io::Result<()> {
    super::wait_for(stream, PollFlags::OUT)
}

/// Does nothing: the system reports at any time what the peer has not read.
pub(crate) fn watch_delivery(_: &Stream) {}

/// Returns the state of the peer.
pub(crate) fn peer_state(stream: &Stream) -> PeerState {
    socket::peer_state(stream.as_fd(), true, false)
}
