//! lsock beside other programs that do the same, on Linux: `cargo bench --bench peers`.
//!
//! The same work goes through each of them several times in turn, what arrives is checked, and
//! the medians are printed as tables in Markdown. What counts are the ratios within one run:
//! the figures themselves move with the machine and with what else it does. Programs that are
//! not installed are left out. Every part of the work (source, sink, server, client) is a
//! process of its own: this program, started with a role as its argument.
//!
//! ```console
//! cargo bench --bench peers                                   # all tables
//! cargo bench --bench peers -- relay connections --rounds 9   # some, with more rounds
//! LSOCK_BIN=target/debug/lsock cargo bench --bench peers      # another lsock than its own
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report and its progress")]

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The comparison with other programs is for Linux.");
}
