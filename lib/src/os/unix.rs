//! Unix domain sockets.
//!
//! The types here stand behind the enums of the crate's root; they are needed for
//! what only Unix has: conversions to and from descriptors, permissions of socket
//! files, abstract names of any bytes, inherited sockets, descriptors that are passed on.

mod address;
mod aside;
mod bound;
mod bound_name;
mod claim;
mod close;
mod connect;
mod control;
mod convert;
mod drain;
mod fd_passing;
mod holder;
mod identity;
pub mod inherited;
mod listen;
mod listener;
mod lock;
mod name;
mod os_str;
#[cfg(linux_like)]
mod overflow_ids;
mod own_file;
pub(crate) mod peer;
mod pinned;
mod probe;
mod refusal;
pub(crate) mod runtime_dir;
mod settings;
#[cfg(feature = "socket-file")]
pub mod socket_file;
mod stream;
mod sys;
mod temporary_name;
#[cfg(feature = "tokio")]
pub mod tokio;

#[cfg(linux_like)]
pub use name::AbstractNsUdSocket;
pub use {
    control::MAX_PASSED_FDS,
    drain::unread_by_peer,
    fd_passing::{recv_with_fds, send_with_fds},
    listener::Listener,
    name::{FilesystemUdSocket, NameExt, SpecialDirUdSocket},
    settings::ListenerOptionsExt,
    stream::{RecvHalf, SendHalf, Stream},
};
pub(crate) use {
    os_str::{os_string_from_bytes, strip_ascii_prefix},
    settings::ListenerSettings,
};
