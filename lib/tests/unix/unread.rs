//! Data that the peer has not read, as the system counts it.

use local_socket::{
    Stream,
    os::unix::{Stream as UdStream, unread_by_peer},
    traits::Stream as _,
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    os::fd::AsFd as _,
    time::Duration,
};

#[test]
#[cfg(linux_like)]
fn unread_data_is_counted_until_it_is_read() {
    let (mut one, mut other) = UdStream::pair().unwrap();
    assert_eq!(unread_by_peer(one.as_fd()).unwrap(), 0);
    one.write_all(b"1234").unwrap();
    other.write_all(b"not counted").unwrap();
    assert!(unread_by_peer(one.as_fd()).unwrap() >= 4);
    other.read_exact(&mut [0; 3]).unwrap();
    assert!(unread_by_peer(one.as_fd()).unwrap() > 0);
    // Shutting down changes nothing.
    other.shutdown(Shutdown::Both).unwrap();
    assert!(unread_by_peer(one.as_fd()).unwrap() > 0);
    other.read_exact(&mut [0]).unwrap();
    assert_eq!(unread_by_peer(one.as_fd()).unwrap(), 0);
}

#[test]
#[cfg(linux_like)]
fn nothing_is_unread_after_the_peer_has_closed() {
    let (mut one, other) = Stream::pair().unwrap();
    one.write_all(b"1234").unwrap();
    drop(other);
    assert_eq!(unread_by_peer(one.as_fd()).unwrap(), 0);
    assert_eq!(one.drain(Duration::ZERO).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
#[cfg(not(linux_like))]
fn other_systems_do_not_count_unread_data() {
    let (mut one, mut other) = UdStream::pair().unwrap();
    one.write_all(b"1234").unwrap();
    assert_eq!(unread_by_peer(one.as_fd()).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(one.drain(Duration::ZERO).unwrap_err().kind(), ErrorKind::Unsupported);
    other.read_exact(&mut [0; 4]).unwrap();
    other.shutdown(Shutdown::Both).unwrap();
    let one = Stream::from(one);
    assert_eq!(one.drain(Duration::MAX).unwrap_err().kind(), ErrorKind::Unsupported);
}
