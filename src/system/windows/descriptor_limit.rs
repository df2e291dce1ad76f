use std::io;

/// Returns `None`: the limit of handles is far above the number of connections.
pub(crate) fn raise(_: bool) -> Option<u64> {
    None
}

/// Checks nothing: the limit of handles is not reached.
#[expect(clippy::unnecessary_wraps, reason = "other systems have a limit")]
pub(crate) fn check_event_loops(_: usize) -> io::Result<()> {
    Ok(())
}
