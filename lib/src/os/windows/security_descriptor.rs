//! Security descriptors: the access rights to a pipe.
//!
//! Most programs need only [`SecurityDescriptor`], and create it from text in Microsoft's
//! [Security Descriptor Definition Language][sddl]:
//!
//! ```
//! # #[cfg(windows)] fn main() -> std::io::Result<()> {
//! use local_socket::os::windows::{SecurityDescriptor, Sid};
//!
//! // Access for SYSTEM and the current user only.
//! let user = Sid::current_user()?;
//! let descriptor = SecurityDescriptor::from_sddl(&format!("D:P(A;;GA;;;SY)(A;;GA;;;{user})"))?;
//! # let _ = descriptor; Ok(()) }
//! # #[cfg(not(windows))] fn main() {}
//! ```
//!
//! Borrowed descriptors and the traits are for programs that exchange descriptors with the
//! system. The traits read and change the parts of a descriptor, which are raw pointers; see
//! [`AsSecurityDescriptor`] and [`AsSecurityDescriptorMut`] for their rules.
//!
//! [sddl]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format

mod borrowed;
mod check;
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
