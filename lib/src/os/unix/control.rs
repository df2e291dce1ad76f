//! Control messages that come with bytes (`recvmsg(2)`, `cmsg(3)`).

#![allow(unsafe_code, reason = "control messages hold descriptors that nobody else owns")]

use super::fd_passing::MAX_PASSED_FDS;
use std::{
    io::{self, IoSliceMut},
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    ptr,
};

/// What one call of `recvmsg(2)` has received.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) bytes: usize,
    /// The descriptors that the peer has sent.
    pub(super) fds: Vec<OwnedFd>,
    /// Some control messages were dropped for lack of room or of free descriptors.
    pub(super) is_cut_off: bool,
}

/// Room for messages that the system adds if the socket has the option for them: the sender's
/// credentials, its security context and a descriptor of its process.
const OTHER_SPACE: usize = 256;

/// Room for control messages, aligned as `cmsg(3)` demands.
#[repr(C, align(16))]
struct Space([u8; SPACE]);

const SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_PASSED_FDS)) + OTHER_SPACE;

/// A descriptor of the sender's process (`SO_PASSPIDFD`, Linux 6.5), which not every version
/// of libc has a name for.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SCM_PIDFD: libc::c_int = 4;

/// Has the system add such descriptors; libc does not name it on Android.
#[cfg(target_os = "linux")]
use libc::SO_PASSPIDFD;
#[cfg(target_os = "android")]
const SO_PASSPIDFD: libc::c_int = 76;

/// Reads once. The system opens at most `limit` descriptors and a few more, for which there is
/// room as well; the caller has to count them.
///
/// The descriptor that `SO_PASSPIDFD` adds is closed; other messages hold no descriptors.
pub(super) fn receive_message(
    socket: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    limit: usize,
) -> io::Result<Message> {
    let mut space = Space([0; SPACE]);
    let room = (rustix::cmsg_space!(ScmRights(limit)) + OTHER_SPACE).min(SPACE);
    // SAFETY: msghdr is made of integers and pointers, for which zero bytes are a value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = bufs.as_mut_ptr().cast();
    // More than IOV_MAX is refused.
    header.msg_iovlen = bufs.len() as _;
    header.msg_control = (&raw mut space.0).cast();
    header.msg_controllen = room as _;
    #[cfg(not(target_vendor = "apple"))]
    let flags = libc::MSG_CMSG_CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let flags = 0;
    // SAFETY: IoSliceMut has the layout of iovec, and all that the header points to is live
    // and as long as the header says.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
    let bytes = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the system has filled in the header and the messages, which are still there.
    let fds = unsafe { take_fds(&header) };
    Ok(Message { bytes, fds, is_cut_off: header.msg_flags & libc::MSG_CTRUNC != 0 })
}

/// Takes the descriptors that the peer has sent, and closes those that the system has added.
///
/// # Safety
/// The header must be as `recvmsg(2)` has left it, and be given to this function only once.
unsafe fn take_fds(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    // SAFETY: the header is valid (see above).
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: the two macros give null or a message that is within the room.
        let message = unsafe { ptr::read_unaligned(next) };
        let is_rights =
            message.cmsg_level == libc::SOL_SOCKET && message.cmsg_type == libc::SCM_RIGHTS;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let is_process = message.cmsg_level == libc::SOL_SOCKET && message.cmsg_type == SCM_PIDFD;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let is_process = false;
        if is_rights || is_process {
            // SAFETY: the data follow the header of the message, and there is as much as the
            // message says.
            let owned = unsafe { owned_fds(next, message.cmsg_len as usize) };
            if is_rights {
                fds.extend(owned);
            }
        }
        // SAFETY: the header is valid, and the message is one of its.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    fds
}

/// Takes all descriptors of one message.
///
/// # Safety
/// The message must be so long, hold descriptors, and be given to this function only once.
unsafe fn owned_fds(message: *const libc::cmsghdr, length: usize) -> Vec<OwnedFd> {
    // SAFETY: the pointer is only computed.
    let data = unsafe { libc::CMSG_DATA(message) };
    let before = data.addr() - message.addr();
    let count = length.saturating_sub(before) / size_of::<RawFd>();
    let numbers = data.cast::<RawFd>();
    (0..count)
        // SAFETY: there are so many numbers (see above).
        .map(|index| unsafe { ptr::read_unaligned(numbers.add(index)) })
        // If no descriptor of the process could be opened there is an error instead of one.
        .filter(|number| *number >= 0)
        // SAFETY: the system has opened the descriptor for this process, and nobody else has
        // seen its number.
        .map(|number| unsafe { OwnedFd::from_raw_fd(number) })
        .collect()
}

/// Has the system add nothing to what is received through the socket: no credentials
/// (`SO_PASSCRED`), no descriptors of the sender's process (`SO_PASSPIDFD`) and no security
/// context (`SO_PASSSEC`). Sockets that are accepted have the options of their listener.
///
/// For a socket that another program has made and set up: without the options, `MSG_CTRUNC`
/// of `recvmsg(2)` says that descriptors were lost, and nothing else.
///
/// # Errors
/// Those of `setsockopt(2)`; an option that the system does not have is none.
///
/// # Platform-specific behaviour
/// Does nothing on systems other than Linux and Android.
pub fn stop_passing_credentials(socket: BorrowedFd<'_>) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    for option in [libc::SO_PASSCRED, SO_PASSPIDFD, libc::SO_PASSSEC] {
        match super::sys::unset_socket_option(socket, option) {
            Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {}
            result => result?,
        }
    }
    let _ = socket;
    Ok(())
}
