use std::io;

/// Returns `None`: the limit of handles is far above the number of connections.
pub(crate) fn raise() -> Option<u64> {
    None
}

/// Returns 0: nothing is spliced.
pub(crate) fn to_splice() -> u64 {
    0
}

/// Checks nothing: the limit of handles is not reached.
#[expect(clippy::unnecessary_wraps, reason = "other systems have a limit")]
pub(crate) fn check_event_loops(_: usize) -> io::Result<()> {
    Ok(())
}
