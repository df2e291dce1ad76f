mod call;
pub(crate) mod close;
pub(crate) mod console;
pub(crate) mod file_numbers;
pub(crate) mod half_close;
pub(crate) mod handle_kind;
pub(crate) mod inheritance;
pub(crate) mod job;
pub(crate) mod stream_io;
pub(crate) mod synchronous_pipe;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
