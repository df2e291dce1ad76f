//! The process of a stranger: this program, as another user with a name in its environment,
//! connects to the name until its stdin ends.

use std::{
    env,
    io::{self, Read, Write},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

pub(super) const TARGET: &str = "LSOCK_VISITOR_TARGET";

/// Counts of a stranger.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Visits {
    pub(super) attempts: u64,
    /// Accepted connections; each of them has to end without a byte.
    pub(super) connected: u64,
    /// Connections that brought bytes, or did not end.
    pub(super) served: u64,
}

impl Visits {
    pub(super) fn parse(text: &str) -> Self {
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        Self { attempts: next(), connected: next(), served: next() }
    }
}

/// Returns the name that this process has to connect to, if it is a stranger.
pub(super) fn target_of_this_process() -> Option<String> {
    env::var(TARGET).ok()
}

pub(super) fn visit(target: &str) {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        IS_OVER.store(true, Ordering::Relaxed);
    });
    let address = match target.strip_prefix('@') {
        Some(word) => SocketAddr::from_abstract_name(word),
        None => SocketAddr::from_pathname(target),
    };
    let address = address.unwrap();
    let mut visits = Visits::default();
    while !IS_OVER.load(Ordering::Relaxed) {
        visits.attempts += 1;
        let Ok(stream) = UnixStream::connect_addr(&address) else { continue };
        visits.connected += 1;
        visits.served += u64::from(is_served(stream));
    }
    let Visits { attempts, connected, served } = visits;
    println!("{attempts} {connected} {served}");
}

/// Returns whether the connection brings a byte or stays open.
fn is_served(mut stream: UnixStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // Fails if the connection has ended, as it should.
    let _ = stream.write_all(b"let me in\n");
    match stream.read(&mut [0; 64]) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}
