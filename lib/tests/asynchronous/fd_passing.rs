//! Passing of descriptors without blocking.

use super::block_on;
use crate::{
    harness::{GONE, Kind, Place, assert_kind, assert_same, pattern, within_deadline},
    unix::fd_passing::{assert_closed_everywhere, file_with, text_of},
};
use local_socket::{
    error::LostFds,
    os::unix::{MAX_PASSED_FDS, tokio::Stream as UdStream},
    tokio::Stream,
};
use rustix::io::{FdFlags, fcntl_getfd};
use std::{
    io::{ErrorKind, pipe},
    os::fd::{AsFd as _, OwnedFd},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

fn run(test: impl AsyncFnOnce() + Send + 'static) {
    within_deadline(|| block_on(test()));
}

/// Returns the descriptors that the peer has sent, and their bytes.
async fn receive(stream: &UdStream) -> (Vec<u8>, Vec<OwnedFd>) {
    let (mut buf, mut fds) = ([0; 64], Vec::new());
    let count = stream.recv_with_fds(&mut buf, &mut fds, MAX_PASSED_FDS).await.unwrap();
    (buf[..count].to_vec(), fds)
}

/// Writes until the socket is full. Returns the number of bytes.
fn fill(stream: &UdStream) -> usize {
    let mut sent = 0;
    loop {
        match stream.try_send_with_fds(&[0; 4096], &[]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_file_is_passed() {
    run(async || {
        let (client, server) = Place::new(Kind::File).streams_async().await;
        let (Stream::UdSocket(client), Stream::UdSocket(server)) = (client, server);
        let file = file_with("contents");
        assert_eq!(client.send_with_fds(b"take it", &[file.as_fd()]).await.unwrap(), 7);
        let (bytes, mut fds) = receive(&server).await;
        assert_eq!(bytes, b"take it");
        let fd = fds.pop().unwrap();
        assert!(fds.is_empty());
        assert!(fcntl_getfd(&fd).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(text_of(fd), "contents");
    });
}

/// A task that receives before there is data is woken.
#[test]
fn receiving_waits_for_a_sender() {
    run(async || {
        let (one, other) = UdStream::pair().unwrap();
        let file = file_with("contents");
        let sends = async {
            tokio::task::yield_now().await;
            one.send_with_fds(b"x", &[file.as_fd()]).await.unwrap()
        };
        let ((bytes, mut fds), sent) = tokio::join!(receive(&other), sends);
        assert_eq!((&*bytes, sent), (&b"x"[..], 1));
        assert_eq!(text_of(fds.pop().unwrap()), "contents");
        drop(one);
        // At the end of file there are no bytes and no descriptors.
        let (bytes, fds) = receive(&other).await;
        assert!(bytes.is_empty() && fds.is_empty());
    });
}

/// A task that sends while there is no room is woken when there is.
#[test]
fn sending_waits_for_a_receiver() {
    run(async || {
        let (one, mut other) = UdStream::pair().unwrap();
        let filling = fill(&one);
        let file = file_with("contents");
        let fds = [file.as_fd()];
        let sends = async {
            // Short enough to be sent at once.
            assert_eq!(one.send_with_fds(b"last", &fds).await.unwrap(), 4);
        };
        let receives = async {
            let mut read = vec![0; filling];
            other.read_exact(&mut read).await.unwrap();
            let (bytes, mut fds) = receive(&other).await;
            assert_eq!(bytes, b"last");
            assert_eq!(text_of(fds.pop().unwrap()), "contents");
        };
        tokio::join!(sends, receives);
    });
}

#[test]
fn try_calls_would_block_instead_of_waiting() {
    run(async || {
        let (one, other) = UdStream::pair().unwrap();
        let (mut buf, mut fds) = ([0; 8], Vec::new());
        let nothing = other.try_recv_with_fds(&mut buf, &mut fds, 1);
        assert_kind(nothing, &[ErrorKind::WouldBlock]);
        let file = file_with("contents");
        one.inner().writable().await.unwrap();
        assert_eq!(one.try_send_with_fds(b"abc", &[file.as_fd()]).unwrap(), 3);
        other.inner().readable().await.unwrap();
        assert_eq!(other.try_recv_with_fds(&mut buf, &mut fds, 1).unwrap(), 3);
        assert_eq!(&buf[..3], b"abc");
        assert_eq!(text_of(fds.pop().unwrap()), "contents");
        let nothing = other.try_recv_with_fds(&mut buf, &mut fds, 1);
        assert_kind(nothing, &[ErrorKind::WouldBlock]);

        fill(&one);
        let (reader, writer) = pipe().unwrap();
        let too_much = one.try_send_with_fds(&[0; 4096], &[writer.as_fd()]);
        assert_kind(too_much, &[ErrorKind::WouldBlock]);
        // A cancelled send has not sent the descriptors.
        drop(writer);
        assert_closed_everywhere(reader);
    });
}

#[test]
fn cancelled_calls_send_and_receive_nothing() {
    const MOMENT: Duration = Duration::from_millis(5);
    run(async || {
        let (one, mut other) = UdStream::pair().unwrap();
        assert!(timeout(MOMENT, receive(&other)).await.is_err());
        one.send_with_fds(b"x", &[file_with("contents").as_fd()]).await.unwrap();
        let (bytes, mut fds) = receive(&other).await;
        assert_eq!(bytes, b"x");
        assert_eq!(text_of(fds.pop().unwrap()), "contents");

        let filling = fill(&one);
        let (reader, writer) = pipe().unwrap();
        let fds = [writer.as_fd()];
        assert!(timeout(MOMENT, one.send_with_fds(b"lost", &fds)).await.is_err());
        drop(writer);
        assert_closed_everywhere(reader);
        drop(one);
        let mut read = Vec::new();
        other.read_to_end(&mut read).await.unwrap();
        assert_eq!(read.len(), filling);
    });
}

#[test]
fn descriptors_above_the_limit_are_an_error_and_are_closed() {
    run(async || {
        for (sent, limit) in [(1, 0), (2, 1), (100, 99), (MAX_PASSED_FDS, 0)] {
            let (one, other) = UdStream::pair().unwrap();
            let (reader, writer) = pipe().unwrap();
            one.send_with_fds(b"abc", &vec![writer.as_fd(); sent]).await.unwrap();
            drop(writer);
            let (mut buf, mut fds) = ([0; 8], Vec::new());
            let received = other.recv_with_fds(&mut buf, &mut fds, limit).await;
            let error = assert_kind(received, &[ErrorKind::InvalidData]);
            // The bytes were received.
            assert_eq!(LostFds::of(&error).unwrap().bytes(), 3);
            assert_eq!(&buf[..3], b"abc");
            assert!(fds.is_empty());
            assert_closed_everywhere(reader);
            // The stream can still be used.
            one.send_with_fds(b"d", &[file_with("next").as_fd()]).await.unwrap();
            let (bytes, mut received) = receive(&other).await;
            assert_eq!(bytes, b"d");
            assert_eq!(text_of(received.pop().unwrap()), "next");
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn descriptors_of_processes_do_not_leak() {
    within_deadline(|| {
        crate::unix::child::Job::new("await process descriptors").run();
    });
}

/// In a process of its own, because other tests may have such descriptors.
#[cfg(target_os = "linux")]
pub(crate) fn await_process_descriptors() {
    use crate::unix::fd_leaks::{ask_for_process_descriptors, process_descriptors};
    block_on(async {
        let (one, other) = UdStream::pair().unwrap();
        if !ask_for_process_descriptors(other.as_fd()) {
            return;
        }
        for word in ["one", "two", "three"] {
            one.send_with_fds(b"x", &[file_with(word).as_fd()]).await.unwrap();
            let (bytes, mut fds) = receive(&other).await;
            assert_eq!(bytes, b"x");
            assert_eq!(text_of(fds.pop().unwrap()), word);
            assert!(fds.is_empty());
            assert_eq!(process_descriptors(), 0);
        }
    });
}

#[test]
fn invalid_calls_fail_at_once() {
    run(async || {
        let (one, other) = UdStream::pair().unwrap();
        let file = file_with("contents");
        let (few, many) = ([file.as_fd()], vec![file.as_fd(); MAX_PASSED_FDS + 1]);
        assert_kind(one.send_with_fds(b"", &few).await, &[ErrorKind::InvalidInput]);
        assert_kind(one.send_with_fds(b"x", &many).await, &[ErrorKind::InvalidInput]);
        assert_kind(one.try_send_with_fds(b"", &few), &[ErrorKind::InvalidInput]);
        one.send_with_fds(b"x", &few).await.unwrap();
        let mut fds = Vec::new();
        let no_room = other.recv_with_fds(&mut [], &mut fds, 1).await;
        assert_kind(no_room, &[ErrorKind::InvalidInput]);
        // None of the attempts has lost anything.
        let (bytes, fds) = receive(&other).await;
        assert_eq!((&*bytes, fds.len()), (&b"x"[..], 1));
        drop(other);
        assert_kind(one.send_with_fds(b"x", &few).await, GONE);
    });
}

/// The descriptors of a long message arrive with its beginning. The rest is read as usual.
#[test]
fn a_partial_write_sends_all_descriptors() {
    const LEN: usize = 1 << 20;
    run(async || {
        let (mut one, other) = UdStream::pair().unwrap();
        let (data, file) = (pattern(LEN), file_with("contents"));
        let sent = one.send_with_fds(&data, &[file.as_fd(), file.as_fd()]).await.unwrap();
        assert!(sent < LEN, "the system has accepted all bytes");
        let sends = async {
            one.write_all(&data[sent..]).await.unwrap();
            one.shutdown().await.unwrap();
        };
        let receives = async {
            let (mut received, mut fds) = receive(&other).await;
            assert_eq!(fds.len(), 2);
            loop {
                let mut buf = vec![0; 65536];
                match other.recv_with_fds(&mut buf, &mut fds, 0).await.unwrap() {
                    0 => break,
                    count => received.extend_from_slice(&buf[..count]),
                }
            }
            assert_eq!(fds.len(), 2);
            received
        };
        let ((), received) = tokio::join!(sends, receives);
        assert_same(&received, &data);
    });
}
