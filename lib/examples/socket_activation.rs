//! A service that a service manager starts when the first client connects, and that exits when it
//! has been idle. It listens on the sockets that it has inherited. Without any, it listens on a
//! name of its own.
//!
//! ```text
//! systemd-socket-activate -l /run/user/1000/hello.sock socket_activation
//! ```

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use local_socket::{GenericNamespaced, Listener, ListenerOptions, prelude::*};
use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

/// Time without clients after which the service exits.
const IDLE: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    // This comes first, before the program opens descriptors of its own.
    let mut listeners = inherited()?;
    if listeners.is_empty() {
        let word = format!("socket-activation-{}", std::process::id());
        let name = word.to_ns_name::<GenericNamespaced>()?;
        listeners.push(ListenerOptions::new().name(name).create_sync()?);
    }
    thread::scope(|scope| {
        let serving: Vec<_> =
            listeners.iter().map(|listener| scope.spawn(|| serve(listener))).collect();
        serving.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        })
    })
}

/// Returns the inherited listeners. Dropping them does not remove their socket files, because the
/// service manager goes on listening on them.
#[cfg(unix)]
fn inherited() -> io::Result<Vec<Listener>> {
    use local_socket::os::unix::inherited::listen_fds;
    // SAFETY: the program has opened no descriptors yet, and nothing else uses the inherited ones.
    let sockets = unsafe { listen_fds()? };
    sockets.into_iter().map(Listener::try_from).collect()
}

#[cfg(not(unix))]
fn inherited() -> io::Result<Vec<Listener>> {
    Ok(Vec::new())
}

fn serve(listener: &Listener) -> io::Result<()> {
    println!("serving on {}", listener.local_name()?);
    listener.set_accept_timeout(Some(IDLE))?;
    for client in listener.incoming() {
        match client {
            Ok(mut client) => {
                // A client that has disconnected is not a reason to exit.
                if let Err(error) = client.write_all(b"hello\n") {
                    println!("a client got no greeting: {error}");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[test]
fn it_ends_well() -> io::Result<()> {
    main()
}
