//! Queries the kernel about Unix domain sockets through netlink (`sock_diag(7)`).
//!
//! Unlike the lines of `/proc/net/unix`, the answers contain lengths, so no name of a socket can
//! forge another entry. The answers contain only sockets of this process's network namespace.

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    recv, sendto, socket_with,
};
use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

// <linux/netlink.h>, <linux/sock_diag.h>, <linux/unix_diag.h>, <net/tcp_states.h>
const HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const SHOW_NAME: u32 = 1;
const SHOW_VFS: u32 = 2;
const SHOW_UID: u32 = 0x40;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_VFS: u16 = 1;
const UNIX_DIAG_UID: u16 = 7;
const NO_COOKIE: u32 = u32::MAX;
const AF_UNIX: u8 = libc::AF_UNIX as u8;
/// The number differs between architectures.
const SOCK_STREAM: u8 = libc::SOCK_STREAM as u8;
/// The socket is bound, but neither connected nor listening.
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;

/// A file by the numbers that the kernel uses internally: the device of its file system and the
/// lower half of its inode number.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct FileNumbers {
    pub(super) device: u32,
    pub(super) inode: u32,
}

/// A stream socket that is not a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// The number in `socket:[NUMBER]` of `/proc/PID/fd`.
    pub(super) inode: u32,
    /// The address: a path, or an abstract name after a zero byte.
    pub(super) name: Option<Vec<u8>>,
    /// The file that the socket is bound to.
    pub(super) file: Option<FileNumbers>,
    /// The user who created the socket (Linux 5.3).
    pub(super) uid: Option<u32>,
}

/// Returns the socket with this inode number.
///
/// # Errors
/// `NotFound` if this network namespace has no such socket, or if the kernel was built without
/// `unix_diag`. Another error of `socket(2)` or `sendto(2)` where netlink is refused.
pub(super) fn socket_with_inode(inode: u32) -> io::Result<Socket> {
    let netlink = ask(&request(NLM_F_REQUEST, u32::MAX, inode))?;
    let mut sockets = Vec::new();
    while sockets.is_empty() {
        receive(netlink.as_fd(), &mut sockets)?;
    }
    Ok(sockets.swap_remove(0))
}

/// Returns all stream sockets that are not connections. Datagram sockets have abstract names of
/// their own, so they are left out.
///
/// # Errors
/// An error of `socket(2)` or `sendto(2)` where netlink is refused.
pub(super) fn unconnected_sockets() -> io::Result<Vec<Socket>> {
    let states = (1 << CLOSE) | (1 << LISTEN);
    let netlink = ask(&request(NLM_F_REQUEST | NLM_F_DUMP, states, 0))?;
    let mut sockets = Vec::new();
    while !receive(netlink.as_fd(), &mut sockets)? {}
    Ok(sockets)
}

fn ask(request: &[u8]) -> io::Result<OwnedFd> {
    let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
    let netlink = socket_with(AddressFamily::NETLINK, kind, flags, Some(SOCK_DIAG))?;
    // The kernel has port 0.
    sendto(&netlink, request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(netlink)
}

/// Receives one datagram. Returns `true` if it was the last one of a list.
fn receive(netlink: BorrowedFd<'_>, sockets: &mut Vec<Socket>) -> io::Result<bool> {
    // The kernel never sends more than 32 KiB at once.
    let mut buffer = vec![0; 1 << 15];
    // Sending the request creates the answer, and each read creates its next part, so there is
    // nothing to wait for.
    let (_, length) = recv(netlink, &mut buffer[..], RecvFlags::DONTWAIT)?;
    let answer = buffer.get(..length).ok_or_else(malformed)?;
    if answer.is_empty() { Err(malformed()) } else { parse(answer, sockets) }
}

/// Returns a `nlmsghdr` and a `unix_diag_req`.
fn request(flags: u16, states: u32, inode: u32) -> Vec<u8> {
    const LENGTH: u32 = 40;
    let show = SHOW_NAME | SHOW_VFS | SHOW_UID;
    let mut bytes = LENGTH.to_ne_bytes().to_vec();
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    // A sequence number and a port, which are not needed here.
    bytes.extend([0; 8]);
    bytes.extend([AF_UNIX, 0, 0, 0]);
    for number in [states, inode, show, NO_COOKIE, NO_COOKIE] {
        bytes.extend(number.to_ne_bytes());
    }
    bytes
}

/// Parses the messages of one datagram. Returns `true` if the list ends with them.
fn parse(mut rest: &[u8], sockets: &mut Vec<Socket>) -> io::Result<bool> {
    while !rest.is_empty() {
        let length = usize::try_from(u32_at(rest, 0)?).map_err(|_| malformed())?;
        let message = rest.get(..length).ok_or_else(malformed)?;
        let body = message.get(HEADER..).ok_or_else(malformed)?;
        match u16_at(message, 4)? {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => {
                let code = u32_at(body, 0)?.cast_signed().wrapping_neg();
                return Err(io::Error::from_raw_os_error(code));
            }
            SOCK_DIAG_BY_FAMILY => {
                let socket = socket(body)?;
                if body.get(1) == Some(&SOCK_STREAM) {
                    sockets.push(socket);
                }
            }
            _ => {}
        }
        rest = rest.get(aligned(length)..).unwrap_or_default();
    }
    Ok(false)
}

/// Parses a `unix_diag_msg` and its attributes.
fn socket(body: &[u8]) -> io::Result<Socket> {
    let mut socket = Socket { inode: u32_at(body, 4)?, name: None, file: None, uid: None };
    let mut rest = body.get(16..).ok_or_else(malformed)?;
    while !rest.is_empty() {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length).ok_or_else(malformed)?;
        match u16_at(rest, 2)? {
            UNIX_DIAG_NAME => socket.name = Some(value.to_vec()),
            UNIX_DIAG_VFS => {
                let (inode, device) = (u32_at(value, 0)?, u32_at(value, 4)?);
                socket.file = Some(FileNumbers { device, inode });
            }
            UNIX_DIAG_UID => socket.uid = Some(u32_at(value, 0)?),
            _ => {}
        }
        rest = rest.get(aligned(length)..).unwrap_or_default();
    }
    Ok(socket)
}

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], position: usize) -> io::Result<u16> {
    let bytes = bytes.get(position..position + 2).ok_or_else(malformed)?;
    bytes.try_into().map(u16::from_ne_bytes).map_err(|_| malformed())
}

fn u32_at(bytes: &[u8], position: usize) -> io::Result<u32> {
    let bytes = bytes.get(position..position + 4).ok_or_else(malformed)?;
    bytes.try_into().map(u32::from_ne_bytes).map_err(|_| malformed())
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a netlink message has the wrong length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap_or_default();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap_or_default();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn socket_message(inode: u32, name: &[u8]) -> Vec<u8> {
        let mut body = vec![1, 1, LISTEN, 0];
        body.extend(inode.to_ne_bytes());
        body.extend([0; 8]);
        body.extend(attribute(UNIX_DIAG_NAME, name));
        let file = [77_u32.to_ne_bytes(), 0x0080_0001_u32.to_ne_bytes()].concat();
        body.extend(attribute(UNIX_DIAG_VFS, &file));
        body.extend(attribute(99, b"unknown"));
        body.extend(attribute(UNIX_DIAG_UID, &1000_u32.to_ne_bytes()));
        message(SOCK_DIAG_BY_FAMILY, &body)
    }

    fn expected(inode: u32, name: &[u8]) -> Socket {
        let file = Some(FileNumbers { device: 0x0080_0001, inode: 77 });
        Socket { inode, name: Some(name.to_vec()), file, uid: Some(1000) }
    }

    #[test]
    fn a_list_is_read_to_its_end() -> io::Result<()> {
        let names: [&[u8]; 3] = [b"/run/a\0", b"\0odd", b"\0line\n0000000000000000: 00000002"];
        let mut bytes = Vec::new();
        (0..).zip(names).for_each(|(inode, name)| bytes.extend(socket_message(inode, name)));
        // A datagram socket is left out.
        let mut datagram = socket_message(9, b"\0odd");
        datagram[HEADER + 1] = 2;
        bytes.extend(datagram);
        let mut sockets = Vec::new();
        assert!(!parse(&bytes, &mut sockets)?);
        bytes = message(NLMSG_DONE, &[0; 4]);
        assert!(parse(&bytes, &mut sockets)?);
        let wanted: Vec<_> = (0..).zip(names).map(|(i, name)| expected(i, name)).collect();
        assert_eq!(sockets, wanted);
        Ok(())
    }

    #[test]
    fn an_error_message_returns_the_error_of_the_kernel() {
        let bytes = message(NLMSG_ERROR, &(-libc::ENOENT).to_ne_bytes());
        let error = parse(&bytes, &mut Vec::new()).map_err(|error| error.raw_os_error());
        assert_eq!(error, Err(Some(libc::ENOENT)));
    }

    /// A message that is cut off anywhere, or that has wrong lengths, is an error or has no more
    /// data than there is.
    #[test]
    fn truncated_and_wrong_lengths_are_errors() {
        let bytes = socket_message(5, b"/run/a\0");
        for length in 1..bytes.len() {
            assert!(parse(&bytes[..length], &mut Vec::new()).is_err(), "{length}");
        }
        for position in [0, 32, 44] {
            for wrong in [0_u8, 1, 3, 15, 255] {
                let mut bytes = bytes.clone();
                bytes[position] = wrong;
                bytes[position + 1] = wrong;
                let error = parse(&bytes, &mut Vec::new()).map_err(|error| error.kind());
                assert_eq!(error, Err(io::ErrorKind::InvalidData), "{position}: {wrong}");
            }
        }
        assert!(parse(&message(NLMSG_ERROR, &[]), &mut Vec::new()).is_err());
        assert!(parse(&message(SOCK_DIAG_BY_FAMILY, &[1; 15]), &mut Vec::new()).is_err());
    }
}
