//! `lsock name`: what a name means, what stands there, who listens, and whether it works.

mod exit_status;
#[cfg(unix)]
mod files;
#[cfg(target_os = "linux")]
mod json;
#[cfg(unix)]
mod probe;
#[cfg(target_os = "linux")]
mod sockets;
