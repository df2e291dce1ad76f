//! Descriptors that came with the process.

use crate::harness::assert_kind;
use local_socket::os::unix::inherited::{Inherited, ignores_signal, set_descriptor_limit, take_fd};
use rustix::{
    io::{FdFlags, fcntl_getfd, fcntl_setfd},
    process::{Resource, getrlimit},
};
use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, IntoRawFd as _},
        unix::net::UnixStream,
    },
    process::Command,
};

#[test]
fn standard_descriptors_cannot_be_taken() {
    for number in [-1, 0, 1, 2] {
        assert_kind(take_fd(number), &[ErrorKind::InvalidInput]);
        assert_kind(Inherited::take(number), &[ErrorKind::InvalidInput]);
    }
}

#[test]
fn a_descriptor_can_be_taken_once_and_closes_on_exec() {
    let (one, mut other) = UnixStream::pair().unwrap();
    fcntl_setfd(&one, FdFlags::empty()).unwrap();
    let number = one.into_raw_fd();
    let taken = take_fd(number).unwrap();
    assert_eq!(taken.as_raw_fd(), number);
    assert!(fcntl_getfd(&taken).unwrap().contains(FdFlags::CLOEXEC));
    assert_kind(take_fd(number), &[ErrorKind::InvalidInput]);
    let mut stream = UnixStream::from(taken);
    stream.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
}

#[test]
fn what_is_not_open_cannot_be_taken() {
    let error = take_fd(1_000_000).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
}

#[test]
fn ignored_signals_are_known() {
    // Rust's runtime sets this one.
    assert!(ignores_signal(libc::SIGPIPE).unwrap());
    assert!(!ignores_signal(libc::SIGUSR2).unwrap());
    assert_kind(ignores_signal(1_000_000), &[ErrorKind::InvalidInput]);
}

/// What a program is told that is started with these limits.
fn limits_of_a_program(soft: Option<u64>, hard: Option<u64>) -> io::Result<String> {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn; ulimit -Hn"]);
    set_descriptor_limit(&mut command, soft, hard);
    let output = command.output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_program_has_the_limits_that_were_set() {
    let own = getrlimit(Resource::Nofile);
    for (soft, hard) in [(64, 128), (100, 100)] {
        let told = limits_of_a_program(Some(soft), Some(hard)).unwrap();
        assert_eq!(told, format!("{soft}\n{hard}\n"));
    }
    // Those that this process has are fine, and stay as they are.
    limits_of_a_program(own.current, own.maximum).unwrap();
    assert_eq!(getrlimit(Resource::Nofile), own);
}

#[test]
fn a_program_with_limits_that_cannot_be_is_not_started() {
    assert_kind(limits_of_a_program(Some(129), Some(128)), &[ErrorKind::InvalidInput]);
    // Nobody may have more than the system has for one process (fs.nr_open).
    #[cfg(target_os = "linux")]
    for hard in [Some(u64::MAX / 2), None] {
        assert_kind(limits_of_a_program(Some(64), hard), &[ErrorKind::PermissionDenied]);
    }
}
