//! Receives bytes and the control messages that arrive with them (`recvmsg(2)`, `cmsg(3)`).

#![allow(unsafe_code, reason = "control messages contain descriptors without an owner")]

use std::{
    io::{self, IoSliceMut},
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    ptr,
};

/// The maximum number of descriptors in one call (`SCM_MAX_FD` of Linux, `unix(7)`).
pub const MAX_PASSED_FDS: usize = 253;

/// Result of one call of `recvmsg(2)`.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) bytes: usize,
    /// The descriptors that the peer has sent.
    pub(super) fds: Vec<OwnedFd>,
    /// Whether control messages were dropped for lack of room or of free descriptors.
    pub(super) is_cut_off: bool,
}

/// Room for messages that the system adds if an option of the socket requests them: the sender's
/// credentials, its security context and a descriptor of its process.
const OTHER_SPACE: usize = 256;

/// Room for control messages, aligned as `cmsg(3)` requires.
#[repr(C, align(16))]
struct Space([u8; SPACE]);

const SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_PASSED_FDS)) + OTHER_SPACE;

/// Type of a message with a descriptor of the sender's process (`SO_PASSPIDFD`, Linux 6.5). Not
/// every version of libc names it.
const SCM_PIDFD: libc::c_int = 4;

/// Reads once. The system opens at most `limit` descriptors and a few more, for which there is room
/// as well; the caller has to count them.
///
/// A descriptor that `SO_PASSPIDFD` adds is closed; other messages contain no descriptors.
pub(super) fn receive_message(
    socket: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    limit: usize,
) -> io::Result<Message> {
    let mut space = Space([0; SPACE]);
    let room = (rustix::cmsg_space!(ScmRights(limit)) + OTHER_SPACE).min(SPACE);
    // SAFETY: msghdr consists of integers and pointers, for which zero bytes are a value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = bufs.as_mut_ptr().cast();
    // More than IOV_MAX is refused.
    header.msg_iovlen = bufs.len() as _;
    header.msg_control = (&raw mut space.0).cast();
    header.msg_controllen = room as _;
    #[cfg(not(apple))]
    let flags = libc::MSG_CMSG_CLOEXEC;
    #[cfg(apple)]
    let flags = 0;
    // SAFETY: IoSliceMut has the layout of iovec, and the buffers that the header points to are
    // live and as long as the header says.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
    let bytes = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the system has filled in the header and the messages, and `space` is still live.
    let fds = unsafe { take_fds(&header) };
    Ok(Message { bytes, fds, is_cut_off: header.msg_flags & libc::MSG_CTRUNC != 0 })
}

/// Returns the descriptors that the peer has sent, and closes those that the system has added.
///
/// # Safety
/// `recvmsg(2)` must have filled in the header, and this function must be called only once for it.
unsafe fn take_fds(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    // SAFETY: the header is valid (see above).
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: both macros return null or a message within the room.
        let message = unsafe { ptr::read_unaligned(next) };
        let is_rights =
            message.cmsg_level == libc::SOL_SOCKET && message.cmsg_type == libc::SCM_RIGHTS;
        let is_process = cfg!(linux_like)
            && message.cmsg_level == libc::SOL_SOCKET
            && message.cmsg_type == SCM_PIDFD;
        if is_rights || is_process {
            // SAFETY: the data follows the header of the message and has the length that it says.
            let owned = unsafe { owned_fds(next, message.cmsg_len as usize) };
            if is_rights {
                fds.extend(owned);
            }
        }
        // SAFETY: the header is valid, and the message is one of its messages.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    fds
}

/// Returns all descriptors of one message.
///
/// # Safety
/// The message must have the length and contain descriptors, and this function must be called only
/// once for it.
unsafe fn owned_fds(message: *const libc::cmsghdr, length: usize) -> Vec<OwnedFd> {
    // SAFETY: the pointer is only computed.
    let data = unsafe { libc::CMSG_DATA(message) };
    let before = data.addr() - message.addr();
    let count = length.saturating_sub(before) / size_of::<RawFd>();
    let numbers = data.cast::<RawFd>();
    (0..count)
        // SAFETY: the message contains `count` numbers (see above).
        .map(|index| unsafe { ptr::read_unaligned(numbers.add(index)) })
        // If the descriptor of the process could not be opened, there is an error number.
        .filter(|number| *number >= 0)
        // SAFETY: the system has opened the descriptor for this process, and it has no owner yet.
        .map(|number| unsafe { OwnedFd::from_raw_fd(number) })
        .collect()
}
