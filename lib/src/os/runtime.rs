use std::io;

/// Fails outside a tokio runtime, where tokio's own functions would panic.
pub(super) fn required() -> io::Result<()> {
    tokio::runtime::Handle::try_current().map(|_| ()).map_err(io::Error::other)
}
