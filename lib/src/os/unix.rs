//! Unix domain sockets.
//!
//! The types here stand behind the enums of the crate's root; they are needed for
//! what only Unix has: conversions to and from descriptors, permissions of socket
//! files, abstract names of any bytes, inherited sockets, descriptors that are passed on.

mod address;
mod aside;
mod claim;
mod connect;
mod control;
mod convert;
mod fd_passing;
mod file;
mod folder_lock;
mod halves;
mod holder;
pub mod inherited;
mod listen;
mod listener;
mod name;
mod os_str;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod overflow_ids;
pub(crate) mod peer;
mod pinned;
mod probe;
pub(crate) mod runtime_dir;
mod settings;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod sock_diag;
mod stream;
mod sys;
#[cfg(feature = "tokio")]
pub mod tokio;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use name::AbstractNsUdSocket;
pub use {
    control::stop_passing_credentials,
    fd_passing::{MAX_PASSED_FDS, recv_with_fds, send_with_fds},
    halves::{RecvHalf, SendHalf},
    listener::Listener,
    name::{FilesystemUdSocket, SpecialDirUdSocket},
    settings::ListenerOptionsExt,
    stream::{Stream, unread},
};
pub(crate) use {
    os_str::{os_string_from_bytes, strip_ascii_prefix},
    settings::ListenerSettings,
};
