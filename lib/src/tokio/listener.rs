use super::Stream;
use crate::{
    ListenerOptions, Name, name::sealed::Sealed, os::imp::tokio as imp, traits::tokio as traits,
};
use std::io;

/// A server's end: it stands under a name and accepts clients.
///
/// What it can do is in [`traits::tokio::Listener`](crate::traits::tokio::Listener).
#[derive(Debug)]
pub enum Listener {
    /// A named pipe.
    #[cfg(windows)]
    NamedPipe(imp::Listener),
    /// A Unix domain socket.
    #[cfg(unix)]
    UdSocket(imp::Listener),
}

impl Listener {
    fn imp(&self) -> &imp::Listener {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(listener) => listener,
            #[cfg(unix)]
            Self::UdSocket(listener) => listener,
        }
    }
}

impl From<imp::Listener> for Listener {
    fn from(listener: imp::Listener) -> Self {
        #[cfg(windows)]
        return Self::NamedPipe(listener);
        #[cfg(unix)]
        Self::UdSocket(listener)
    }
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<Stream> {
        self.imp().accept().await.map(Stream::from)
    }
    fn local_name(&self) -> io::Result<Name<'static>> {
        self.imp().local_name()
    }
    fn do_not_reclaim_name_on_drop(&mut self) {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(listener) => listener.do_not_reclaim_name_on_drop(),
            #[cfg(unix)]
            Self::UdSocket(listener) => listener.do_not_reclaim_name_on_drop(),
        }
    }
    fn give_up_name(&self) {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(listener) => listener.give_up_name(),
            #[cfg(unix)]
            Self::UdSocket(listener) => listener.give_up_name(),
        }
    }
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        imp::Listener::from_options(options).map(Self::from)
    }
}
