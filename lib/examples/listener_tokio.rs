//! Greets each client in a task:
//! `cargo run -p local_socket --features tokio --example listener_tokio [NAME]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints its result")]

use local_socket::{
    GenericNamespaced, ListenerOptions, OnConflict,
    tokio::{Stream, prelude::*},
};
use std::{env, io};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let name = env::args().nth(1).unwrap_or_else(|| "local-socket-example".to_owned());
    let listener = ListenerOptions::new()
        .name(name.as_str().to_ns_name::<GenericNamespaced>()?)
        .on_conflict(OnConflict::ReplaceStale)
        .create_tokio()?;
    println!("listening under {name}");
    loop {
        let stream = listener.accept().await?;
        tokio::spawn(async move {
            match greet(&stream).await {
                Ok(name) => println!("greeted {name}"),
                Err(error) => eprintln!("a client was lost: {error}"),
            }
        });
    }
}

async fn greet(mut stream: &Stream) -> io::Result<String> {
    let mut name = String::new();
    // Reads to the end of file; the other direction is still open.
    stream.read_to_string(&mut name).await?;
    let name = name.trim_end().to_owned();
    stream.write_all(format!("hello, {name}\n").as_bytes()).await?;
    Ok(name)
}
