use super::Stream;
use crate::{ListenerOptions, Name, os::imp::tokio as imp, traits::tokio as traits};
use std::io;

backend_enum! {
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
    pub enum Listener(imp::Listener);
}

impl traits::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<Stream> {
        self.backend().accept().await.map(Stream::from)
    }
    fn local_name(&self) -> io::Result<Name<'static>> {
        self.backend().local_name()
    }
    fn do_not_reclaim_name_on_drop(&mut self) {
        self.backend_mut().do_not_reclaim_name_on_drop();
    }
    fn give_up_name(&self) {
        self.backend().give_up_name();
    }
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        imp::Listener::from_options(options).map(Self::from)
    }
}
