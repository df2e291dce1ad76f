//! Named pipes: local sockets on Windows.
//!
//! A [`Listener`] has a queue of pipe instances that clients can connect to; a [`Stream`] is one
//! end of an instance. All handles are overlapped: one thread can read while another writes, and
//! operations can have timeouts.

#![allow(unsafe_code, reason = "system calls of Windows")]

mod access_rights;
mod account;
mod atomic_timeout;
mod background_operation;
#[cfg(feature = "tokio")]
mod completion_driver;
mod completion_port;
mod connect;
mod connection;
mod convert;
mod delivery;
mod drain;
mod empty_messages;
mod event;
mod impersonation;
mod instance_queue;
mod linger;
mod listen;
mod listener;
mod local_heap;
mod name;
mod operation;
mod operation_buffer;
mod os_str;
mod pair;
mod peer;
mod pipe;
mod pipe_end;
mod read;
pub mod security_descriptor;
mod settings;
mod sid;
mod stream;
mod timed_lock;
mod token;
#[cfg(feature = "tokio")]
pub mod tokio;
mod vectored;
mod wait_limit;
mod write;
mod write_gate;

#[cfg(test)]
mod tests;

pub(crate) use os_str::{os_string_from_bytes, strip_ascii_prefix};
pub(crate) use settings::ListenerSettings;
pub use {
    account::{Account, AccountKind},
    delivery::unread_by_peer,
    impersonation::ImpersonationGuard,
    listener::Listener,
    name::NamedPipe,
    security_descriptor::{
        AsSecurityDescriptor, AsSecurityDescriptorExt, AsSecurityDescriptorMut,
        AsSecurityDescriptorMutExt, BorrowedSecurityDescriptor, MutBorrowedSecurityDescriptor,
        SecurityDescriptor,
    },
    settings::ListenerOptionsExt,
    sid::Sid,
    stream::{RecvHalf, SendHalf, Stream},
};
