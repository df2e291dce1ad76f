//! Tests of the public API, one file for each subject.
//!
//! The behaviours that all systems have in common run over every kind of name that the system has
//! (see [`harness::Kind`]). `unix` contains those of Unix only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "in a test a panic is the report, and what is left out is said"
)]
#![cfg_attr(
    windows,
    allow(
        clippy::useless_conversion,
        reason = "numbers of processes are of another type elsewhere"
    )
)]

#[macro_use]
mod harness;

mod accepting;
mod asynchronous;
mod bare_words;
mod bounds;
mod changing;
mod closing;
mod compatible;
mod conflict;
mod connecting;
mod crowd;
/// The other systems do not report what the peer has not read.
#[cfg(any(linux_like, windows))]
mod draining;
mod durations;
mod ending;
mod errors;
mod examples;
mod filtering;
mod grammar;
mod halves;
mod names;
mod nonblocking;
mod properties;
mod streams;
mod timeouts;
mod transfer;

#[cfg(unix)]
mod unix;
