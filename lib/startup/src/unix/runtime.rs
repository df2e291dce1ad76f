//! What Rust's runtime does at the start of a program, for programs that start without it.

use super::hook::was_open;
use std::{
    panic::catch_unwind,
    process::{abort, exit},
};

/// Exit status of a program of Rust that has panicked.
const PANICKED: i32 = 101;

/// Prepares the process as Rust's runtime does, calls the function, and exits with the status that it
/// returns. For the `main` of C.
pub fn start(run: fn() -> i32) -> i32 {
    provide_standard_descriptors();
    // SAFETY: ignoring the signal replaces no handler: the program has not started.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
    exit(catch_unwind(run).unwrap_or(PANICKED))
}

/// Opens `/dev/null` for 0, 1 and 2 as far as they are closed: otherwise the next file that is opened
/// would be a standard stream.
fn provide_standard_descriptors() {
    for number in (0..=2).filter(|number| was_open(*number) == Some(false)) {
        // SAFETY: the path is a string of C.
        let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        // It is the lowest free number (`open(2)`).
        if opened != number {
            abort();
        }
    }
}
