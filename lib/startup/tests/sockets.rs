//! Sockets in an event loop, and what the system adds to what they receive.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use lsock_startup::Watched;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::{
    future::poll_fn,
    io::{ErrorKind, Read, Write},
    os::{fd::BorrowedFd, unix::net::UnixStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

fn block_on<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let limit = Duration::from_secs(20);
    let limited = async { tokio::time::timeout(limit, future).await.unwrap() };
    builder.enable_all().build().unwrap().block_on(limited)
}

fn read(fd: BorrowedFd<'_>) -> std::io::Result<usize> {
    Ok(recv(fd, &mut [0_u8; 100], RecvFlags::empty())?.0)
}

fn write(fd: BorrowedFd<'_>) -> std::io::Result<usize> {
    Ok(send(fd, &[0; 4096], SendFlags::empty())?)
}

#[test]
fn a_watched_socket_reports_data_and_the_end_of_file() {
    block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let watched = Watched::new(ours).unwrap();
        theirs.write_all(b"one").unwrap();
        poll_fn(|cx| watched.poll_read_ready(cx)).await.unwrap();
        assert_eq!(watched.try_read(read).unwrap(), 3);
        assert_eq!(watched.try_read(read).unwrap_err().kind(), ErrorKind::WouldBlock);
        let is_ready = poll_fn(|cx| Poll::Ready(watched.poll_read_ready(cx).is_ready()));
        assert!(!is_ready.await);
        drop(theirs);
        poll_fn(|cx| watched.poll_read_ready(cx)).await.unwrap();
        assert_eq!(watched.try_read(read).unwrap(), 0);
    });
}

/// A task that waits for reading goes on waiting when watching for writing begins and ends.
#[test]
fn writing_is_watched_while_reading_is_waited_for() {
    block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut watched = Watched::new(ours).unwrap();
        while watched.fd().and_then(write).is_ok() {}
        // One task waits for both; a thread reads the other end.
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
        // The socket can be used without the event loop again.
        let socket = UnixStream::from(watched.into_fd().unwrap());
        assert!(socket.peer_addr().is_ok());
    });
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Otherwise the first wait replaces the registration and wakes the task.
#[test]
fn writing_can_be_watched_from_the_start() {
    block_on(async {
        for from_the_start in [true, false] {
            let (ours, _theirs) = UnixStream::pair().unwrap();
            let watch = if from_the_start { Watched::for_writing } else { Watched::new };
            let mut watched = watch(ours).unwrap();
            let wakes = Arc::<Wakes>::default();
            let waker = Waker::from(Arc::clone(&wakes));
            let _ = watched.poll_write_ready(&mut Context::from_waker(&waker));
            assert_eq!(wakes.0.load(Relaxed), usize::from(!from_the_start));
            poll_fn(|cx| watched.poll_write_ready(cx)).await.unwrap();
            assert!(watched.try_write(write).unwrap() > 0);
        }
    });
}

#[test]
fn watching_needs_an_event_loop() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    assert!(Watched::new(ours).is_err());
}

/// No option is left with which the system adds control messages.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_added_to_received_bytes() {
    use lsock_startup::stop_passing_credentials;
    use rustix::net::{RecvAncillaryBuffer, ReturnFlags, recvmsg};
    use std::{
        io::IoSliceMut,
        os::fd::{AsFd as _, AsRawFd as _},
    };
    let has_messages = |(one, other): &mut (UnixStream, UnixStream)| {
        one.write_all(b"x").unwrap();
        let mut no_room = RecvAncillaryBuffer::default();
        let mut byte = [0];
        let bufs = &mut [IoSliceMut::new(&mut byte)];
        let message = recvmsg(other, bufs, &mut no_room, RecvFlags::empty()).unwrap();
        message.flags.contains(ReturnFlags::CTRUNC)
    };
    for option in [libc::SO_PASSCRED, libc::SO_PASSPIDFD, libc::SO_PASSSEC] {
        let mut pair = UnixStream::pair().unwrap();
        let on: libc::c_int = 1;
        let (value, len) = ((&raw const on).cast(), size_of_val(&on).try_into().unwrap());
        // SAFETY: the pointer and the length are of one live int.
        let status =
            unsafe { libc::setsockopt(pair.1.as_raw_fd(), libc::SOL_SOCKET, option, value, len) };
        // Only a system with security contexts adds them.
        if status == 0 && option != libc::SO_PASSSEC {
            assert!(has_messages(&mut pair), "option {option}");
        }
        stop_passing_credentials(pair.1.as_fd()).unwrap();
        assert!(!has_messages(&mut pair), "option {option}");
    }
}
