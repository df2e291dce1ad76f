//! Named pipes: local sockets on Windows.
//!
//! A listener keeps a queue of pipe instances that clients can connect to; a stream
//! is one end of an instance. All handles are overlapped: that is what lets one thread
//! read while another writes, and what makes timeouts possible.

#![allow(unsafe_code, reason = "this is where the library talks to Windows")]

mod atomic_timeout;
mod connect;
mod convert;
mod drain;
#[cfg(feature = "tokio")]
mod driver;
mod ends;
mod event;
mod halves;
mod impersonation;
mod lasting;
mod linger;
mod listen;
mod listener;
mod local;
mod memory;
mod name;
mod operation;
mod os_str;
mod pair;
mod patience;
mod peer;
mod pipe;
mod port;
mod queue;
mod read;
pub mod security_descriptor;
mod settings;
mod shared;
mod sid;
mod stream;
mod timed_lock;
mod token;
#[cfg(feature = "tokio")]
pub mod tokio;
mod vectored;
#[cfg(feature = "tokio")]
mod wakers;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use os_str::{os_string_from_bytes, strip_ascii_prefix};
pub(crate) use settings::ListenerSettings;
pub use {
    halves::{RecvHalf, SendHalf},
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
    stream::Stream,
};
