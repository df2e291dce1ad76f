//! Sends a name to the example `listener_tokio` or `listener` and prints the answer:
//! `cargo run -p local_socket --features tokio --example client_tokio [NAME]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints its result")]

use local_socket::{
    ConnectOptions, ConnectWaitMode, GenericNamespaced, ToNsName, tokio::prelude::*,
};
use std::{env, io, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let name = env::args().nth(1).unwrap_or_else(|| "local-socket-example".to_owned());
    let mut stream: LocalSocketStream = ConnectOptions::new()
        .name(name.to_ns_name::<GenericNamespaced>()?)
        .wait_mode(ConnectWaitMode::Timeout(Duration::from_secs(5)))
        .connect_tokio()
        .await?;
    stream.write_all(format!("client {}\n", std::process::id()).as_bytes()).await?;
    // Half-close: the server reads to the end of file, and its answer can still be read.
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    print!("{answer}");
    Ok(())
}
