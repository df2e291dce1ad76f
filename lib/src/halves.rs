use crate::{Stream, os::imp, traits};
use std::{io, time::Duration};

backend_enum! {
    /// The receiving half of a [`Stream`].
    ///
    /// [`split`](crate::traits::Stream::split) creates it. Dropping it does not shut down the
    /// receiving direction.
    pub enum RecvHalf(imp::RecvHalf);
}

backend_enum! {
    /// The sending half of a [`Stream`].
    ///
    /// [`split`](crate::traits::Stream::split) creates it. Dropping it does not shut down the
    /// sending direction; [`close`](crate::traits::SendHalf::close) does.
    pub enum SendHalf(imp::SendHalf);
}

impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        traits::RecvHalf::set_timeout(self.backend(), timeout)
    }
}

impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        traits::SendHalf::set_timeout(self.backend(), timeout)
    }
    fn close(&self) -> io::Result<()> {
        traits::SendHalf::close(self.backend())
    }
}

delegate! {
    impl Read for RecvHalf, via |half| half.backend();
    impl Write for SendHalf, via |half| half.backend();
}
