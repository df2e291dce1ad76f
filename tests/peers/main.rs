//! lsock beside bare programs and other programs that do the same, on Linux: `cargo bench --bench
//! peers`.
//!
//! A bare program does the same work and nothing else: it is the limit. The programs do the work
//! several times in turn. The received bytes are checked, and the medians are printed as tables in
//! Markdown: one of each work with all programs, and at the end a summary, which is the table of the
//! README. Only the ratios within one run are meaningful: the figures depend on the machine and its
//! other load. Programs that are not installed are left out. Every part of the work (source, sink,
//! server, client, bare program) is a process of its own: this program, started with a role as its
//! argument.
//!
//! ```console
//! cargo bench --bench peers                                   # all tables
//! cargo bench --bench peers -- relay connections --rounds 9   # some, with more rounds
//! cargo bench --bench peers -- --short                        # all, with a tenth of the work
//! LSOCK_BIN=target/debug/lsock cargo bench --bench peers      # another lsock than its own
//! cargo test --bench peers                                    # the bare programs lose no byte
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
