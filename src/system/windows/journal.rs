//! The journal of systemd, which this system does not have.

/// Returns `false`.
pub(crate) fn stderr_is_journal() -> bool {
    false
}
