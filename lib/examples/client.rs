//! Sends a name to the example `listener` or `listener_tokio` and prints the answer:
//! `cargo run -p local_socket --example client [NAME]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints its result")]

use local_socket::{
    ConnectOptions, ConnectWaitMode, GenericNamespaced, ToNsName, traits::Stream as _,
};
use std::{
    env,
    io::{self, Read, Write},
    net::Shutdown,
    time::Duration,
};

fn main() -> io::Result<()> {
    let name = env::args().nth(1).unwrap_or_else(|| "local-socket-example".to_owned());
    let mut stream = ConnectOptions::new()
        .name(name.to_ns_name::<GenericNamespaced>()?)
        .wait_mode(ConnectWaitMode::Timeout(Duration::from_secs(5)))
        .connect_sync()?;
    writeln!(stream, "client {}", std::process::id())?;
    // Half-close: the server reads to the end of file, and its answer can still be read.
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    print!("{answer}");
    Ok(())
}
