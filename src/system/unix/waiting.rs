use local_socket::Stream;
use rustix::event::{PollFd, PollFlags};
use std::io;

/// Waits until there is something to receive, for a stream that is non-blocking.
pub(crate) fn to_receive(stream: &Stream) -> io::Result<()> {
    super::wait(&mut [PollFd::new(stream, PollFlags::IN)], None).map(|_| ())
}

/// Waits until something can be sent, for a stream that is non-blocking.
pub(crate) fn to_send(stream: &Stream) -> io::Result<()> {
    super::wait(&mut [PollFd::new(stream, PollFlags::OUT)], None).map(|_| ())
}
