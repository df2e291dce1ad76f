//! Security descriptors: who may do what with a pipe.
//!
//! [`SecurityDescriptor`] is the one that most programs need, made of text in
//! Microsoft's [Security Descriptor Definition Language][sddl]:
//!
//! ```
//! # #[cfg(windows)] fn main() -> std::io::Result<()> {
//! use local_socket::os::windows::{SecurityDescriptor, Sid};
//!
//! // The system and this user, and nobody else.
//! let user = Sid::current_user()?;
//! let descriptor = SecurityDescriptor::from_sddl(&format!("D:P(A;;GA;;;SY)(A;;GA;;;{user})"))?;
//! # let _ = descriptor; Ok(()) }
//! # #[cfg(not(windows))] fn main() {}
//! ```
//!
//! The rest is for programs that hand descriptors to the system or get them from there:
//! borrowed descriptors, and two traits with what the system's functions can do with
//! the parts of a descriptor. The parts are raw pointers; their rules are in
//! [`AsSecurityDescriptor`] and [`AsSecurityDescriptorMut`].
//!
//! [sddl]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format

mod borrowed;
mod copy;
mod owned;
mod parts;
mod read;
mod sddl;
mod view;
mod write;

pub use {
    borrowed::{BorrowedSecurityDescriptor, MutBorrowedSecurityDescriptor},
    owned::SecurityDescriptor,
    read::AsSecurityDescriptorExt,
    view::{AsSecurityDescriptor, AsSecurityDescriptorMut},
    write::AsSecurityDescriptorMutExt,
};
