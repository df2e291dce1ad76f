use local_socket::Stream;
use std::io;

/// Streams are blocking here, so that there is nothing to wait for.
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_receive(_: &Stream) -> io::Result<()> {
    Ok(())
}

/// As [`to_receive`].
#[expect(clippy::unnecessary_wraps, reason = "other systems have to wait")]
pub(crate) fn to_send(_: &Stream) -> io::Result<()> {
    Ok(())
}
