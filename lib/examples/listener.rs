//! Greets each client in a thread: `cargo run -p local_socket --example listener [NAME]`, and
//! then `--example client [NAME]` in another terminal.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints its result")]

use local_socket::{GenericNamespaced, ListenerOptions, OnConflict, Stream, prelude::*};
use std::{
    env,
    io::{self, Read, Write},
    thread,
};

fn main() -> io::Result<()> {
    let name = env::args().nth(1).unwrap_or_else(|| "local-socket-example".to_owned());
    let listener = ListenerOptions::new()
        .name(name.as_str().to_ns_name::<GenericNamespaced>()?)
        .on_conflict(OnConflict::ReplaceStale)
        .create_sync()?;
    println!("listening under {name}");
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || match greet(&stream) {
            Ok(name) => println!("greeted {name}"),
            Err(error) => eprintln!("a client was lost: {error}"),
        });
    }
    Ok(())
}

fn greet(mut stream: &Stream) -> io::Result<String> {
    let mut name = String::new();
    // Reads to the end of file; the other direction is still open.
    stream.read_to_string(&mut name)?;
    let name = name.trim_end().to_owned();
    writeln!(stream, "hello, {name}")?;
    Ok(name)
}
