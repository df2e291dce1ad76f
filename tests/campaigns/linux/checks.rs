//! Checks of outputs and statuses.

use super::{process::signal_of, report::Figures};
use crate::harness::{Outcome, assert_bytes};
use rustix::process::Signal;

/// Statuses of a process whose peer may have been killed, as lsock(1) documents them: all bytes
/// were delivered, the connect failed, or bytes could not be delivered.
const BROKEN_OFF: [i32; 3] = [0, 3, 5];

/// Fails unless `found` is a prefix of `sent`: nothing lost in between, doubled or changed.
#[track_caller]
pub(super) fn check_prefix(found: &Outcome, sent: &[u8]) {
    let length = found.stdout.len().min(sent.len());
    assert_bytes(&found.stdout, &sent[..length], || found.report());
}

/// Checks how a process ended that was not killed, but whose peer may have been.
#[track_caller]
pub(super) fn check_survivor(outcome: &Outcome, what: &str, figures: &mut Figures) {
    let report = outcome.report();
    let code = outcome.status.code().unwrap_or_else(|| panic!("{what} did not exit\n{report}"));
    assert!(BROKEN_OFF.contains(&code), "{what}: status {code} is not documented\n{report}");
    let is_explained = outcome.stderr.starts_with("lsock: ");
    assert!(code == 0 || is_explained, "{what} does not say why it failed\n{report}");
    assert!(!outcome.stderr.contains("panicked"), "{what} panicked\n{report}");
    figures.add(format!("{what}: status {code}"), 1);
}

/// Returns whether the process was killed, and did not end by itself before.
pub(super) fn was_killed(outcome: &Outcome) -> bool {
    signal_of(outcome.status) == Some(Signal::KILL)
}
