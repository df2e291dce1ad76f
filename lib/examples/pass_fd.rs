//! A server opens a file and passes its descriptor to a client, which does not need the permission
//! to open the file: `cargo run -p local_socket --example pass_fd` (Unix).

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::io;

#[cfg(unix)]
fn main() -> io::Result<()> {
    use local_socket::{GenericNamespaced, ListenerOptions, Stream, prelude::*};
    use std::{fs::File, thread};

    let word = format!("pass-fd-{}", std::process::id());
    let name = word.to_ns_name::<GenericNamespaced>()?;
    let listener = ListenerOptions::new().name(name.borrow()).create_sync()?;
    let server = thread::spawn(move || serve(&listener));

    let Stream::UdSocket(stream) = Stream::connect(name)?;
    let (mut bytes, mut fds) = ([0; 64], Vec::new());
    // Accepts at most one descriptor: a peer could send more than expected.
    let count = stream.recv_with_fds(&mut bytes, &mut fds, 1)?;
    let what = String::from_utf8_lossy(&bytes[..count]);
    let file = fds.pop().map(File::from).ok_or(io::ErrorKind::UnexpectedEof)?;
    println!("{what}: {} bytes", io::copy(&mut &file, &mut io::sink())?);

    server.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

/// Passes the program's own file to one client.
#[cfg(unix)]
fn serve(listener: &local_socket::Listener) -> io::Result<()> {
    use local_socket::{Stream, traits::Listener as _};
    use std::{fs::File, os::fd::AsFd};

    let Stream::UdSocket(stream) = listener.accept()?;
    let file = File::open(std::env::current_exe()?)?;
    // Descriptors have to be sent with at least one byte.
    stream.send_with_fds(b"the program", &[file.as_fd()])?;
    Ok(())
}

#[cfg(not(unix))]
fn main() -> io::Result<()> {
    println!("descriptors are passed through Unix domain sockets only");
    Ok(())
}

#[test]
fn it_ends_well() -> io::Result<()> {
    main()
}
