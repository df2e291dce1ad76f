use std::io;

/// An error where tokio would panic: outside a runtime.
pub(super) fn required() -> io::Result<()> {
    tokio::runtime::Handle::try_current().map(|_| ()).map_err(io::Error::other)
}
