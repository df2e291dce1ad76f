use std::io;

/// There is no limit that would be worth knowing.
pub(crate) fn raise() -> Option<u64> {
    None
}

/// There is no limit that would be reached.
#[expect(clippy::unnecessary_wraps, reason = "other systems have a limit")]
pub(crate) fn check_event_loops(_: usize) -> io::Result<()> {
    Ok(())
}
