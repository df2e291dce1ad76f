use local_socket::Stream;
use rustix::event::{PollFd, PollFlags};
use std::{
    io, thread,
    time::{Duration, Instant},
};

/// Waits until there is something to receive, for a stream that is non-blocking.
pub(crate) fn to_receive(stream: &Stream) -> io::Result<()> {
    super::wait(&mut [PollFd::new(stream, PollFlags::IN)], None).map(|_| ())
}

/// Waits until something can be sent, for a stream that is non-blocking.
pub(crate) fn to_send(stream: &Stream) -> io::Result<()> {
    super::wait(&mut [PollFd::new(stream, PollFlags::OUT)], None).map(|_| ())
}

/// Waits until it is decided whether a peer that has gone has read everything: it may have
/// ended both directions and not have closed yet.
pub(crate) fn until_decided(stream: &Stream, most: Duration) {
    let Stream::UdSocket(socket) = stream;
    let end = Instant::now() + most;
    // A peer that has gone makes poll return at once, so there is nothing to wait on.
    while socket.has_unread().unwrap_or(false) && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
}
