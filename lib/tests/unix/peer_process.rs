//! Descriptors of the peer's process.

use super::child::{Job, argument, tell};
use crate::harness::{Kind, Place, assert_kind, within_deadline};
use local_socket::{
    GenericFilePath, Listener, Stream, ToFsName as _,
    os::unix::Stream as UdStream,
    traits::{Listener as _, Stream as _},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{FdFlags, fcntl_getfd},
};
use std::{
    io::{ErrorKind, Read as _, stdin},
    os::fd::{AsRawFd as _, OwnedFd},
};

/// Returns `None` if the system has no such descriptors; then the error must say so.
fn pidfd_of(stream: &UdStream) -> Option<OwnedFd> {
    match stream.peer_pidfd() {
        Ok(pidfd) => Some(pidfd),
        error => {
            let error = assert_kind(error, &[ErrorKind::Unsupported]);
            assert!(error.to_string().contains("Linux"), "{error}");
            assert!(!cfg!(target_os = "linux") || kernel() < (6, 5), "{error}");
            None
        }
    }
}

/// Returns the version of Linux.
fn kernel() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn accept(listener: &Listener) -> UdStream {
    let Stream::UdSocket(stream) = listener.accept().unwrap();
    stream
}

fn has_ended(pidfd: &OwnedFd, timeout: Option<&Timespec>) -> bool {
    poll(&mut [PollFd::new(pidfd, PollFlags::IN)], timeout).unwrap() == 1
}

#[test]
fn the_descriptor_becomes_readable_when_the_peer_ends() {
    within_deadline(|| {
        let place = Place::new(Kind::File);
        let listener = place.listen();
        let mut child = Job::new("connect and stay").with("NAME", place.name().as_os_str()).start();
        let server = accept(&listener);
        let Some(pidfd) = pidfd_of(&server) else { return };
        assert!(fcntl_getfd(&pidfd).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(pid_of(&pidfd), child.pid().to_string());
        assert_eq!(child.next_line().as_deref(), Some("connected"));
        assert!(!has_ended(&pidfd, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })));
        // The job ends when its standard input ends. It closes its connection before, so what is
        // observed here is the end of the process.
        child.finish();
        assert!(has_ended(&pidfd, None));
    });
}

/// Stays until its standard input ends.
pub(super) fn connect_and_stay() {
    let name = argument("NAME");
    let stream = Stream::connect(name.to_fs_name::<GenericFilePath>().unwrap()).unwrap();
    tell("connected");
    stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(stream);
}

#[test]
fn the_descriptor_of_a_pair_is_of_this_process() {
    let (one, other) = UdStream::pair().unwrap();
    for end in [one, other] {
        let Some(pidfd) = pidfd_of(&end) else { return };
        assert_eq!(pid_of(&pidfd), std::process::id().to_string());
    }
}

/// Returns the process of a descriptor (`pidfd_open(2)`, `proc(5)`).
fn pid_of(pidfd: &OwnedFd) -> String {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let info = std::fs::read_to_string(path).unwrap();
    info.lines().find_map(|line| line.strip_prefix("Pid:")).unwrap().trim().to_owned()
}
