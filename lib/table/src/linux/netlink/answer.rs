//! The answers of the kernel about Unix domain sockets.

use super::{CLOSE, LISTEN, SOCK_DIAG_BY_FAMILY};
use crate::{EntryName, EntryState, FileNumbers, SocketEntry, SocketKind, SocketQueue};
use rustix::net::SocketType;
use std::{io, ops::ControlFlow};

// <linux/netlink.h>, <linux/unix_diag.h>
const HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_VFS: u16 = 1;
const UNIX_DIAG_PEER: u16 = 2;
const UNIX_DIAG_ICONS: u16 = 3;
const UNIX_DIAG_RQLEN: u16 = 4;
const UNIX_DIAG_SHUTDOWN: u16 = 6;
const UNIX_DIAG_UID: u16 = 7;
/// The bit of `sk_shutdown` for receiving, which is how a listener is shut down.
const RCV_SHUTDOWN: u8 = 1;

/// A socket, and the inode numbers of the clients that wait for it, if the query asked for them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NetlinkAnswer {
    pub(crate) entry: SocketEntry,
    pub(crate) pending: Vec<u32>,
}

/// Parses the messages of one datagram. Returns `Break` if the list ends with them, or if `take`
/// does. A socket of an unknown type is left out.
pub(crate) fn parse(
    mut rest: &[u8],
    take: &mut impl FnMut(NetlinkAnswer) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    while !rest.is_empty() {
        let length = usize::try_from(u32_at(rest, 0)?).map_err(|_| malformed())?;
        let message = rest.get(..length).ok_or_else(malformed)?;
        let body = message.get(HEADER..).ok_or_else(malformed)?;
        match u16_at(message, 4)? {
            NLMSG_DONE => return Ok(ControlFlow::Break(())),
            NLMSG_ERROR => {
                let code = u32_at(body, 0)?.cast_signed().wrapping_neg();
                return Err(io::Error::from_raw_os_error(code));
            }
            SOCK_DIAG_BY_FAMILY => {
                if let Some(answer) = answer(body)?
                    && take(answer).is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
            _ => {}
        }
        rest = rest.get(aligned(length)..).unwrap_or_default();
    }
    Ok(ControlFlow::Continue(()))
}

/// Parses a `unix_diag_msg` and its attributes.
fn answer(body: &[u8]) -> io::Result<Option<NetlinkAnswer>> {
    let (Some(kind), Some(state)) = (body.get(1), body.get(2)) else { return Err(malformed()) };
    let state = match *state {
        LISTEN => EntryState::Listening,
        CLOSE => EntryState::Unconnected,
        _ => EntryState::Connected,
    };
    let mut entry = SocketEntry {
        inode: u32_at(body, 4)?,
        // Replaced below.
        kind: SocketKind::Stream,
        state,
        name: None,
        file: None,
        uid: None,
        peer: None,
        queue: None,
    };
    let (mut pending, mut is_shut_down) = (Vec::new(), false);
    let mut rest = body.get(16..).ok_or_else(malformed)?;
    while !rest.is_empty() {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length).ok_or_else(malformed)?;
        match u16_at(rest, 2)? {
            UNIX_DIAG_NAME => entry.name = Some(name(value)),
            UNIX_DIAG_VFS => {
                let (inode, device) = (u32_at(value, 0)?, u32_at(value, 4)?);
                entry.file = Some(FileNumbers { device, inode });
            }
            // An end that is closed, or that waits to be accepted, has no inode.
            UNIX_DIAG_PEER => entry.peer = Some(u32_at(value, 0)?).filter(|inode| *inode != 0),
            UNIX_DIAG_ICONS => pending = inodes(value)?,
            UNIX_DIAG_RQLEN => {
                let (read, write) = (u32_at(value, 0)?, u32_at(value, 4)?);
                entry.queue = Some(match state {
                    EntryState::Listening => SocketQueue::Backlog { used: read, limit: write },
                    _ => SocketQueue::Bytes { received: read },
                });
            }
            UNIX_DIAG_SHUTDOWN => {
                let directions = *value.first().ok_or_else(malformed)?;
                is_shut_down = directions & RCV_SHUTDOWN != 0;
            }
            UNIX_DIAG_UID => entry.uid = Some(u32_at(value, 0)?),
            _ => {}
        }
        rest = rest.get(aligned(length)..).unwrap_or_default();
    }
    if is_shut_down && state == EntryState::Listening {
        // It refuses connections.
        (entry.state, entry.queue) = (EntryState::Unconnected, None);
    }
    Ok(SocketKind::from_raw(u32::from(*kind))
        .map(|kind| NetlinkAnswer { entry: SocketEntry { kind, ..entry }, pending }))
}

impl SocketKind {
    /// Returns the type of a socket by its number, which differs between architectures.
    pub(crate) fn from_raw(number: u32) -> Option<Self> {
        [
            (SocketType::STREAM, Self::Stream),
            (SocketType::SEQPACKET, Self::SeqPacket),
            (SocketType::DGRAM, Self::Datagram),
        ]
        .into_iter()
        .find_map(|(raw, kind)| (raw.as_raw() == number).then_some(kind))
    }
}

/// Returns the address that is in `sun_path`. The length of a path counts the NUL after it.
fn name(bytes: &[u8]) -> EntryName {
    match bytes {
        [0, name @ ..] => EntryName::Abstract(name.to_vec()),
        path => EntryName::Path(path.strip_suffix(&[0]).unwrap_or(path).to_vec()),
    }
}

/// Returns the inode numbers of an array. 0 is a client that has closed its end.
fn inodes(value: &[u8]) -> io::Result<Vec<u32>> {
    let inodes = value.chunks(4).map(|inode| u32_at(inode, 0));
    inodes.filter(|inode| !matches!(inode, Ok(0))).collect()
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

pub(crate) fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a netlink message has the wrong length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

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

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
    }

    fn socket_message(inode: u32, name: &[u8]) -> Vec<u8> {
        let mut body = vec![1, 1, LISTEN, 0];
        body.extend(inode.to_ne_bytes());
        body.extend([0; 8]);
        body.extend(attribute(UNIX_DIAG_NAME, name));
        body.extend(attribute(UNIX_DIAG_VFS, &numbers(&[77, 0x0080_0001])));
        body.extend(attribute(99, b"unknown"));
        body.extend(attribute(UNIX_DIAG_PEER, &numbers(&[0])));
        body.extend(attribute(UNIX_DIAG_ICONS, &numbers(&[8, 0, 9])));
        body.extend(attribute(UNIX_DIAG_RQLEN, &numbers(&[3, 128])));
        body.extend(attribute(UNIX_DIAG_UID, &1000_u32.to_ne_bytes()));
        message(SOCK_DIAG_BY_FAMILY, &body)
    }

    fn expected(inode: u32, name: EntryName) -> NetlinkAnswer {
        let entry = SocketEntry {
            inode,
            kind: SocketKind::Stream,
            state: EntryState::Listening,
            name: Some(name),
            file: Some(FileNumbers { device: 0x0080_0001, inode: 77 }),
            uid: Some(1000),
            peer: None,
            queue: Some(SocketQueue::Backlog { used: 3, limit: 128 }),
        };
        NetlinkAnswer { entry, pending: vec![8, 9] }
    }

    /// Parses all messages. Returns whether the list has ended.
    fn parsed(bytes: &[u8]) -> io::Result<(Vec<NetlinkAnswer>, bool)> {
        let mut answers = Vec::new();
        let end = parse(bytes, &mut |answer| {
            answers.push(answer);
            ControlFlow::Continue(())
        })?;
        Ok((answers, end.is_break()))
    }

    #[test]
    fn a_list_is_read_to_its_end() -> io::Result<()> {
        let line = b"line\n0000000000000000: 00000002";
        let names: [(&[u8], EntryName); 4] = [
            (b"/run/a\0", EntryName::Path(b"/run/a".to_vec())),
            (b"\0odd\0", EntryName::Abstract(b"odd\0".to_vec())),
            (b"\0", EntryName::Abstract(Vec::new())),
            (&[b"\0", &line[..]].concat(), EntryName::Abstract(line.to_vec())),
        ];
        let mut bytes = Vec::new();
        (0..).zip(&names).for_each(|(inode, (name, _))| bytes.extend(socket_message(inode, name)));
        // A type that is unknown is left out.
        let mut unknown = socket_message(9, b"\0odd");
        unknown[HEADER + 1] = 77;
        bytes.extend(unknown);
        let wanted: Vec<_> =
            (0..).zip(names).map(|(inode, (_, name))| expected(inode, name)).collect();
        assert_eq!(parsed(&bytes)?, (wanted, false));
        assert_eq!(parsed(&message(NLMSG_DONE, &[0; 4]))?, (Vec::new(), true));
        Ok(())
    }

    #[test]
    fn an_error_message_returns_the_error_of_the_kernel() {
        let bytes = message(NLMSG_ERROR, &(-Errno::NOENT.raw_os_error()).to_ne_bytes());
        let error = parsed(&bytes).map_err(|error| error.raw_os_error());
        assert_eq!(error, Err(Some(Errno::NOENT.raw_os_error())));
    }

    /// A message that is cut off anywhere, or that has wrong lengths, is an error or has no more
    /// data than there is.
    #[test]
    fn truncated_and_wrong_lengths_are_errors() {
        let bytes = socket_message(5, b"/run/a\0");
        for length in 1..bytes.len() {
            assert!(parsed(&bytes[..length]).is_err(), "{length}");
        }
        for position in [0, 32, 44] {
            for wrong in [0_u8, 1, 3, 15, 255] {
                let mut bytes = bytes.clone();
                bytes[position] = wrong;
                bytes[position + 1] = wrong;
                let error = parsed(&bytes).map_err(|error| error.kind());
                assert_eq!(error, Err(io::ErrorKind::InvalidData), "{position}: {wrong}");
            }
        }
        assert!(parsed(&message(NLMSG_ERROR, &[])).is_err());
        assert!(parsed(&message(SOCK_DIAG_BY_FAMILY, &[1; 15])).is_err());
    }
}
