use super::Stream;
use crate::{
    ListenerOptions, Name, name::sealed::Sealed, os::imp::tokio as imp, traits::tokio as traits,
};
use std::io;

/// A listening socket that is bound to a name and registered with tokio's event loop.
///
/// Its methods are those of [`traits::tokio::Listener`](crate::traits::tokio::Listener).
///
/// ```
/// use local_socket::{tokio::prelude::*, GenericNamespaced, ListenerOptions};
/// use tokio::io::AsyncWriteExt;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # let word = format!("tokio-listener-{}", std::process::id());
/// let name = word.to_ns_name::<GenericNamespaced>()?;
/// let listener = ListenerOptions::new().name(name.borrow()).create_tokio()?;
/// # let client = LocalSocketStream::connect(name).await?;
/// loop {
///     let mut stream = listener.accept().await?;
///     tokio::spawn(async move { stream.write_all(b"hello\n").await });
/// #   break;
/// }
/// # Ok(()) }
/// ```
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
