//! The same for asynchronous programs, on tokio's runtime.
//!
//! Names, options, errors and what they mean are those of the synchronous side; only
//! where bytes move the two differ.
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

mod halves;
mod listener;
pub mod prelude;
mod stream;

pub use {
    halves::{RecvHalf, SendHalf},
    listener::Listener,
    stream::Stream,
};

/// Two halves that are not of one stream, given back.
pub type ReuniteError = crate::error::ReuniteError<RecvHalf, SendHalf>;

/// What reuniting gives.
pub type ReuniteResult = crate::traits::tokio::ReuniteResult<Stream>;
