//! Inherited descriptors.

use crate::harness::assert_kind;
use local_socket::os::unix::inherited::{Inherited, take_fd};
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, IntoRawFd as _},
        unix::net::UnixStream,
    },
};

#[test]
fn standard_descriptors_cannot_be_taken() {
    for number in [-1, 0, 1, 2] {
        // SAFETY: these numbers are refused.
        unsafe {
            assert_kind(take_fd(number), &[ErrorKind::InvalidInput]);
            assert_kind(Inherited::take(number), &[ErrorKind::InvalidInput]);
        }
    }
}

#[test]
fn a_descriptor_can_be_taken_once_and_closes_on_exec() {
    let (one, mut other) = UnixStream::pair().unwrap();
    fcntl_setfd(&one, FdFlags::empty()).unwrap();
    let number = one.into_raw_fd();
    // SAFETY: its owner has released the number.
    let taken = unsafe { take_fd(number) }.unwrap();
    assert_eq!(taken.as_raw_fd(), number);
    assert!(fcntl_getfd(&taken).unwrap().contains(FdFlags::CLOEXEC));
    // SAFETY: the number is refused.
    assert_kind(unsafe { take_fd(number) }, &[ErrorKind::InvalidInput]);
    let mut stream = UnixStream::from(taken);
    stream.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_number_that_is_not_open_cannot_be_taken() {
    // SAFETY: the number is not open.
    let error = unsafe { take_fd(1_000_000) }.unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
}
