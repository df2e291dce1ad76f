//! Asynchronous listeners and streams for tokio.
//!
//! Names, options and errors are those of the synchronous types. The traits in
//! [`traits::tokio`](crate::traits::tokio) document each method and its cancel safety.
//!
//! Listeners and streams have to be created in a tokio runtime; outside one the functions fail
//! and do not panic. They can be dropped anywhere, also after the runtime was shut down.
//!
//! ```
//! use local_socket::{tokio::prelude::*, GenericNamespaced, ListenerOptions};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let name = format!("tokio-example-{}", std::process::id());
//! let name = name.to_ns_name::<GenericNamespaced>()?;
//! let listener = ListenerOptions::new().name(name.borrow()).create_tokio()?;
//!
//! let (client, server) = tokio::join!(LocalSocketStream::connect(name), listener.accept());
//! let (mut client, mut server) = (client?, server?);
//!
//! client.write_all(b"hello").await?;
//! client.shutdown().await?; // the server sees an end of file
//!
//! let mut text = String::new();
//! server.read_to_string(&mut text).await?;
//! assert_eq!(text, "hello");
//! # Ok(())
//! # }
//! ```

mod listener;
pub mod prelude;
mod stream;

pub use {
    listener::Listener,
    stream::{RecvHalf, SendHalf, Stream},
};

/// Error of [`reunite`](crate::traits::tokio::Stream::reunite); returns both halves.
pub type ReuniteError = crate::error::ReuniteError<RecvHalf, SendHalf>;

/// Result of [`reunite`](crate::traits::tokio::Stream::reunite).
pub type ReuniteResult = crate::traits::tokio::ReuniteResult<Stream>;
