use local_socket::Stream;
use std::{io, time::Duration};

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

/// A pipe's server cannot end both directions without closing: there is nothing to wait for.
pub(crate) fn until_decided(_: &Stream, _: Duration) {}
