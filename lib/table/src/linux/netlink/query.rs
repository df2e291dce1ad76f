//! The questions to the kernel about Unix domain sockets.

use super::{CLOSE, ESTABLISHED, LISTEN, SOCK_DIAG_BY_FAMILY};
use crate::EntryState;
use rustix::net::AddressFamily;

// <linux/netlink.h>, <linux/unix_diag.h>
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const SHOW_NAME: u32 = 1;
const SHOW_VFS: u32 = 2;
const SHOW_PEER: u32 = 4;
const SHOW_ICONS: u32 = 8;
const SHOW_RQLEN: u32 = 0x10;
const SHOW_UID: u32 = 0x40;
const NO_COOKIE: u32 = u32::MAX;

/// What the kernel is asked for.
#[derive(Debug)]
pub(crate) enum NetlinkQuery<'a> {
    /// All sockets in these states.
    All(&'a [EntryState]),
    /// The socket with this inode number, with the clients that wait for it if `pending` is set.
    One { inode: u32, pending: bool },
}

impl EntryState {
    fn bit(self) -> u32 {
        1 << match self {
            Self::Listening => LISTEN,
            Self::Connected => ESTABLISHED,
            Self::Unconnected => CLOSE,
        }
    }
}

impl NetlinkQuery<'_> {
    /// Returns a `nlmsghdr` and a `unix_diag_req`.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        const LENGTH: u32 = 40;
        let show = SHOW_NAME | SHOW_VFS | SHOW_PEER | SHOW_RQLEN | SHOW_UID;
        let (flags, states, inode, show) = match self {
            Self::All(states) => {
                let states = states.iter().fold(0, |bits, state| bits | state.bit());
                (NLM_F_REQUEST | NLM_F_DUMP, states, 0, show)
            }
            Self::One { inode, pending } => {
                (NLM_F_REQUEST, u32::MAX, *inode, if *pending { SHOW_ICONS } else { show })
            }
        };
        let mut bytes = LENGTH.to_ne_bytes().to_vec();
        bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        // A sequence number and a port, which are not needed here.
        bytes.extend([0; 8]);
        bytes.extend(AddressFamily::UNIX.as_raw().to_ne_bytes());
        bytes.extend([0; 2]);
        for number in [states, inode, show, NO_COOKIE, NO_COOKIE] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes
    }
}
