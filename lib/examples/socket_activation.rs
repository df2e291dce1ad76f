//! A service that is started when its first client comes, and ends when no more come: it
//! serves on the sockets that a service manager has opened for it, else on a name of its
//! own.
//!
//! ```text
//! systemd-socket-activate -l /run/user/1000/hello.sock socket_activation
//! ```

#![allow(clippy::print_stdout, reason = "it is what an example does")]

use local_socket::{GenericNamespaced, Listener, ListenerOptions, prelude::*};
use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

/// After so long without a client the service ends.
const IDLE: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    // First of all: the numbers are to be those that came with the process.
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

/// The listeners of a service manager. They leave their names when they are dropped: the
/// service is started again by the next client.
#[cfg(unix)]
fn inherited() -> io::Result<Vec<Listener>> {
    use local_socket::os::unix::inherited::listen_fds;
    // SAFETY: the program has opened no descriptors yet, and uses those that came with it
    // nowhere else.
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
                // One client that has gone is no reason to end.
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
