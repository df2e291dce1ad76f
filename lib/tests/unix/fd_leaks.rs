//! Passed descriptors that are not delivered: none of them stays open.

use super::{
    child::Job,
    fd_passing::{assert_closed_everywhere, file_with, receive, text_of},
};
use crate::harness::{assert_kind, within_deadline};
use local_socket::{
    error::LostFds,
    os::unix::{MAX_PASSED_FDS, Stream as UdStream},
};
use rustix::{
    io::dup,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
#[cfg(target_os = "linux")]
use std::os::fd::BorrowedFd;
use std::{
    io::{ErrorKind, Read as _, pipe},
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
};

/// One descriptor too many fits into the rounded-up room, a hundred do not.
#[test]
fn descriptors_above_the_limit_are_an_error_and_are_closed() {
    within_deadline(|| {
        for (sent, limit) in [(1, 0), (2, 1), (100, 1), (MAX_PASSED_FDS, 0), (100, 99)] {
            let (one, other) = UdStream::pair().unwrap();
            let (reader, writer) = pipe().unwrap();
            one.send_with_fds(b"abc", &vec![writer.as_fd(); sent]).unwrap();
            drop(writer);
            let mut fds = vec![OwnedFd::from(file_with("mine"))];
            let mut buf = [0; 8];
            let error = assert_kind(
                other.recv_with_fds(&mut buf, &mut fds, limit),
                &[ErrorKind::InvalidData],
            );
            // The bytes were received.
            assert_eq!(LostFds::of(&error).unwrap().bytes(), 3);
            assert_eq!(&buf[..3], b"abc");
            assert_closed_everywhere(reader);
            assert_eq!(fds.len(), 1);
            // The stream can still be used.
            one.send_with_fds(b"d", &[file_with("next").as_fd()]).unwrap();
            let (bytes, mut received) = receive(&other);
            assert_eq!(bytes, b"d");
            assert_eq!(text_of(received.pop().unwrap()), "next");
        }
    });
}

#[test]
fn too_many_open_files_are_an_error_and_leak_no_descriptor() {
    within_deadline(|| {
        Job::new("receive too many").run();
    });
}

/// In a process of its own, because the limit is that of the process.
pub(super) fn receive_too_many() {
    let (one, other) = UdStream::pair().unwrap();
    let (reader, writer) = pipe().unwrap();
    one.send_with_fds(b"x", &[writer.as_fd(); 20]).unwrap();
    drop(writer);
    // The next free number and two more.
    let next = dup(&one).unwrap().as_raw_fd();
    let old = getrlimit(Resource::Nofile);
    let current = Some(u64::try_from(next).unwrap() + 3);
    setrlimit(Resource::Nofile, Rlimit { current, ..old }).unwrap();
    let mut fds = Vec::new();
    let error = assert_kind(other.recv_with_fds(&mut [0], &mut fds, 20), &[ErrorKind::InvalidData]);
    setrlimit(Resource::Nofile, old).unwrap();
    assert_eq!(LostFds::of(&error).unwrap().bytes(), 1);
    assert!(fds.is_empty());
    assert_closed_everywhere(reader);
}

/// Requests a descriptor of the sender's process with each message. Returns whether the system can
/// add it.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "nothing safe sets this option")]
pub(crate) fn ask_for_process_descriptors(socket: BorrowedFd<'_>) -> bool {
    let on: libc::c_int = 1;
    let (value, len) = ((&raw const on).cast(), size_of_val(&on).try_into().unwrap());
    let (level, option) = (libc::SOL_SOCKET, libc::SO_PASSPIDFD);
    // SAFETY: the pointer and the length are of one live int.
    unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, len) == 0 }
}

/// Returns the number of open descriptors of processes.
#[cfg(target_os = "linux")]
pub(crate) fn process_descriptors() -> usize {
    let folder = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = folder.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    links.filter(|link| link.to_string_lossy().contains("pidfd")).count()
}

/// Descriptors that the system adds are closed and not returned to the caller.
#[cfg(target_os = "linux")]
#[test]
fn descriptors_of_processes_do_not_leak() {
    within_deadline(|| {
        Job::new("receive process descriptors").run();
    });
}

/// In a process of its own, because other tests may have such descriptors.
#[cfg(target_os = "linux")]
pub(super) fn receive_process_descriptors() {
    let (one, other) = UdStream::pair().unwrap();
    if !ask_for_process_descriptors(other.as_fd()) {
        return;
    }
    for limit in [0, 1, MAX_PASSED_FDS] {
        let mut fds = Vec::new();
        one.send_with_fds(b"plain", &[]).unwrap();
        assert_eq!(other.recv_with_fds(&mut [0; 9], &mut fds, limit).unwrap(), 5);
        assert!(fds.is_empty());
        let sent = vec![one.as_fd(); limit];
        one.send_with_fds(b"x", &sent).unwrap();
        assert_eq!(other.recv_with_fds(&mut [0; 9], &mut fds, limit).unwrap(), 1);
        assert_eq!(fds.len(), limit);
        assert_eq!(process_descriptors(), 0, "with a limit of {limit}");
    }
    // More descriptors than the limit are an error, and none of them stays open.
    one.send_with_fds(b"x", &[one.as_fd(), one.as_fd()]).unwrap();
    let mut fds = Vec::new();
    let received = other.recv_with_fds(&mut [0; 9], &mut fds, 1);
    assert_kind(received, &[ErrorKind::InvalidData]);
    assert_eq!((fds.len(), process_descriptors()), (0, 0));
}

#[test]
fn a_plain_read_closes_the_passed_descriptors() {
    within_deadline(|| {
        let (one, mut other) = UdStream::pair().unwrap();
        let (reader, writer) = pipe().unwrap();
        one.send_with_fds(b"x", &[writer.as_fd()]).unwrap();
        drop(writer);
        assert_eq!(other.read(&mut [0]).unwrap(), 1);
        assert_closed_everywhere(reader);
    });
}
