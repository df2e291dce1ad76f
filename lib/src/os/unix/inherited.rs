//! Inherited descriptors: listening sockets of a service manager, or a pipe to report readiness on.
//!
//! Only the program knows which of its parts owns a number, so taking a number is `unsafe`.

mod listen_fds;
mod take_fd;

pub use {
    listen_fds::{Inherited, count, listen_fds, names},
    take_fd::take_fd,
};
