//! The command line as a user drives it: the real binary, real processes, real sockets.
//!
//! Each module is a subject. `harness` starts processes in a folder of their own, waits
//! for facts with a deadline, and shows command, status, stdout and stderr of what failed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test ends by panicking, and says what it leaves out"
)]

#[cfg_attr(
    not(unix),
    allow(dead_code, unused_imports, reason = "some of it is for what only Unix shows")
)]
mod harness;

// On every system.
mod bench;
mod connecting;
mod endings;
mod everywhere;
mod help;
mod hub_everywhere;
mod messages;
mod relay;
mod transfer;
mod usage;

// What only Unix has, or only shows there.
#[cfg(unix)]
mod access;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod half_close;
#[cfg(unix)]
mod hub;
#[cfg(unix)]
mod interop;
#[cfg(unix)]
mod keep_open;
#[cfg(unix)]
mod load;
#[cfg(unix)]
mod losses;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod readiness;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod taking_over;

// What only Linux has.
#[cfg(target_os = "linux")]
mod accept_errors;
#[cfg(target_os = "linux")]
mod first_process;
#[cfg(target_os = "linux")]
mod largest;
#[cfg(target_os = "linux")]
mod log;
#[cfg(target_os = "linux")]
mod pass_fds;
#[cfg(target_os = "linux")]
mod resource_limits;
// Other programs through a relay, as they come with Linux.
#[cfg(target_os = "linux")]
mod programs;

// What only Windows has.
#[cfg(windows)]
mod pipes;
