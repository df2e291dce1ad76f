use crate::{Stream, name::sealed::Sealed, os::imp, traits};
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    time::Duration,
};

/// The receiving half of a [`Stream`](crate::Stream).
///
/// [`split`](crate::traits::Stream::split) creates it. Dropping it does not shut down the
/// receiving direction.
#[derive(Debug)]
pub enum RecvHalf {
    /// Half of a named pipe.
    #[cfg(windows)]
    NamedPipe(imp::RecvHalf),
    /// Half of a Unix domain socket.
    #[cfg(unix)]
    UdSocket(imp::RecvHalf),
}

/// The sending half of a [`Stream`](crate::Stream).
///
/// [`split`](crate::traits::Stream::split) creates it. Dropping it does not shut down the
/// sending direction; [`close`](crate::traits::SendHalf::close) does.
#[derive(Debug)]
pub enum SendHalf {
    /// Half of a named pipe.
    #[cfg(windows)]
    NamedPipe(imp::SendHalf),
    /// Half of a Unix domain socket.
    #[cfg(unix)]
    UdSocket(imp::SendHalf),
}

impl RecvHalf {
    fn imp(&self) -> &imp::RecvHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }

    pub(crate) fn into_imp(self) -> imp::RecvHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }
}

impl SendHalf {
    fn imp(&self) -> &imp::SendHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }

    pub(crate) fn into_imp(self) -> imp::SendHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }
}

impl From<imp::RecvHalf> for RecvHalf {
    fn from(half: imp::RecvHalf) -> Self {
        #[cfg(windows)]
        return Self::NamedPipe(half);
        #[cfg(unix)]
        Self::UdSocket(half)
    }
}

impl From<imp::SendHalf> for SendHalf {
    fn from(half: imp::SendHalf) -> Self {
        #[cfg(windows)]
        return Self::NamedPipe(half);
        #[cfg(unix)]
        Self::UdSocket(half)
    }
}

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        traits::RecvHalf::set_timeout(self.imp(), timeout)
    }
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        traits::SendHalf::set_timeout(self.imp(), timeout)
    }
    fn close(&self) -> io::Result<()> {
        traits::SendHalf::close(self.imp())
    }
}

impl Read for &RecvHalf {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.imp().read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.imp().read_vectored(bufs)
    }
}

impl Read for RecvHalf {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for &SendHalf {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.imp().write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.imp().write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.imp().flush()
    }
}

impl Write for SendHalf {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}
