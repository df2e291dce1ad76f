//! Bytes that cannot be delivered are reported and counted.

#[cfg(target_os = "linux")]
mod blocked_reader;
mod closed_output;
mod early_close;
mod failed_output;

const COPY_MODES: [&[&str]; 2] = [&[], &["--copy", "buffer"]];
