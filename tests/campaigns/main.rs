//! Campaigns: random attacks on `lsock` for a given time, on Linux.
//!
//! - `kill` ends random processes of a running transfer with SIGKILL.
//! - `signals` sends SIGTERM, SIGINT, SIGHUP and SIGQUIT at random moments.
//! - `takeover` starts several listeners at once on one stale name, beside a program that
//!   puts files of other kinds there.
//! - `stranger` connects as another user, in a loop, while listeners start and end.
//!
//! The decisions of a round depend on its seed. A failure is reported with the seed of its
//! round, and `--seed SEED --rounds 1` repeats the decisions, though not the scheduling. The
//! exit status is 1 if a round failed.
//!
//! ```console
//! cargo test --test campaigns                            # all of them, 7 seconds each
//! cargo test --test campaigns -- all --time 20m          # the long run
//! cargo test --test campaigns -- kill signals --rounds 100
//! cargo test --test campaigns -- takeover --seed 42 --rounds 1
//! LSOCK_BIN=/usr/bin/lsock cargo test --test campaigns   # another lsock than the built one
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed check ends a round by panicking, and the report is printed"
)]

#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the campaigns use a part of it")]
mod harness;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The campaigns do not run on this system: they are for Linux.");
}
