//! The command line as a user runs it: the real binary, real processes, real sockets.
//!
//! Each module is a subject. `harness` starts processes in a temporary folder, waits for facts
//! with a deadline, and prints command, status, stdout and stderr of processes if a test fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and reports what it leaves out"
)]

#[cfg_attr(
    not(unix),
    allow(dead_code, unused_imports, reason = "a part of it is only used by tests for Unix")
)]
mod harness;

// All systems.
mod bench;
mod connecting;
mod endings;
mod essentials;
mod everywhere;
mod habits;
mod help;
mod hints;
mod ignore_unread;
mod max_time;
mod messages;
mod name;
mod reconnect;
mod replay;
mod server_user;
mod trace;
mod transfer;
mod usage;
mod words;

// Unix.
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
mod relay;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod standing;
#[cfg(unix)]
mod taking_over;

// Linux.
#[cfg(target_os = "linux")]
mod accept_errors;
#[cfg(target_os = "linux")]
mod completions;
#[cfg(target_os = "linux")]
mod first_process;
#[cfg(target_os = "linux")]
mod largest;
#[cfg(target_os = "linux")]
mod log;
#[cfg(target_os = "linux")]
mod ls;
#[cfg(target_os = "linux")]
mod pass_fds;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod pty_link;
#[cfg(target_os = "linux")]
mod recording;
#[cfg(target_os = "linux")]
mod resource_limits;
#[cfg(target_os = "linux")]
mod services;
#[cfg(target_os = "linux")]
mod system_calls;
#[cfg(target_os = "linux")]
mod tap;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod without_proc;

// Windows.
#[cfg(windows)]
mod consoles;
#[cfg(windows)]
mod foreign_pipes;
#[cfg(windows)]
mod pipes;
#[cfg(windows)]
mod standard_handles;
