//! The local sockets of the system, and the processes that have them open.
//!
//! The library names the process that holds a name, and the program lists sockets. It is private to
//! this workspace. Linux has such a table, Windows a list of names; on other systems [`visit`] fails
//! with `Unsupported`.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod entry;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
mod owners;
mod process;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod unsupported;
#[cfg(windows)]
mod windows;

pub use entry::{
    EntryAddress, EntryName, EntryState, FileNumbers, SocketEntry, SocketKind, SocketQueue,
    TableSource,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::{
    netlink::{pending, socket_with_inode, visit_states},
    visit,
};
pub use owners::{ProcessScope, SocketOwners};
pub use process::ProcessFacts;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use unsupported::pending;
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
pub use unsupported::visit;
#[cfg(windows)]
pub use windows::visit;
