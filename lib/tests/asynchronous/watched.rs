//! Sockets of which an event loop tells when they can be read from or written to.

use super::block_on;
use crate::harness::within_deadline;
use local_socket::os::unix::tokio::Watched;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::{
    future::poll_fn,
    io::{ErrorKind, Read, Write},
    os::{fd::BorrowedFd, unix::net::UnixStream},
    task::Poll,
};

fn read(fd: BorrowedFd<'_>) -> std::io::Result<usize> {
    Ok(recv(fd, &mut [0_u8; 100], RecvFlags::empty())?.0)
}

fn write(fd: BorrowedFd<'_>) -> std::io::Result<usize> {
    Ok(send(fd, &[0; 4096], SendFlags::NOSIGNAL)?)
}

#[test]
fn reading_is_told_of() {
    within_deadline(|| {
        block_on(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let watched = Watched::new(ours).unwrap();
            theirs.write_all(b"one").unwrap();
            poll_fn(|cx| watched.poll_read_ready(cx)).await.unwrap();
            assert_eq!(watched.try_read(read).unwrap(), 3);
            assert_eq!(watched.try_read(read).unwrap_err().kind(), ErrorKind::WouldBlock);
            // Nothing is there until something comes, and that is told of.
            let is_ready = poll_fn(|cx| Poll::Ready(watched.poll_read_ready(cx).is_ready()));
            assert!(!is_ready.await);
            drop(theirs);
            poll_fn(|cx| watched.poll_read_ready(cx)).await.unwrap();
            assert_eq!(watched.try_read(read).unwrap(), 0);
        });
    });
}

/// Whoever waits to read as well goes on waiting for that when writing begins to be watched,
/// and when it ends.
#[test]
fn writing_is_told_of_while_that_is_waited_for() {
    within_deadline(|| {
        block_on(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let mut watched = Watched::new(ours).unwrap();
            while watched.fd().and_then(write).is_ok() {}
            // One task waits for both; the other end is read by a thread.
            let reader = std::thread::spawn(move || {
                let mut all = vec![0; 1 << 20];
                let read = theirs.read(&mut all).unwrap();
                theirs.write_all(b"answer").unwrap();
                (theirs, read)
            });
            let (mut is_written, mut is_read) = (false, false);
            poll_fn(|cx| {
                if !is_read && watched.poll_read_ready(cx).is_ready() {
                    is_read = watched.try_read(read).is_ok();
                }
                if !is_written && watched.poll_write_ready(cx).is_ready() {
                    is_written = watched.try_write(write).is_ok();
                    watched.stop_watching_writing(cx).unwrap();
                }
                if is_read && is_written { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            let (_theirs, read) = reader.join().unwrap();
            assert!(read > 0);
            // It is an ordinary socket again.
            let socket = UnixStream::from(watched.into_fd().unwrap());
            assert!(socket.peer_addr().is_ok());
        });
    });
}

#[test]
fn there_has_to_be_an_event_loop() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    assert!(Watched::new(ours).is_err());
}
