//! Windows: servers and clients that do not use the library of this project.

mod empty_messages;
mod ending;
mod one_way;
mod pipe_end;
mod table;

use crate::harness::within_the_deadline;
use pipe_end::{Habits, PipeEnd, serve, serve_both};
use std::thread::JoinHandle;

/// Returns the result of a thread that has to end.
#[track_caller]
fn joined<T: Send + 'static>(thread: JoinHandle<T>, what: &str) -> T {
    let joined = within_the_deadline(move || thread.join());
    joined.unwrap_or_else(|| panic!("the other program has not ended: {what}")).unwrap()
}
