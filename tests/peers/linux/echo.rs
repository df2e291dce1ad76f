//! Servers that send back what they receive.

use anyhow::Result;
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, EventData, EventFlags},
};
use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
};

const SIZE: usize = 64 << 10;

/// A blocking thread for each connection: the lowest latency.
pub(super) fn with_threads(path: &Path) -> Result<()> {
    for stream in UnixListener::bind(path)?.incoming() {
        let mut stream = stream?;
        thread::spawn(move || {
            let mut buf = vec![0; SIZE];
            while let Some(count) = stream.read(&mut buf).ok().filter(|count| *count > 0) {
                if stream.write_all(&buf[..count]).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

/// One thread that waits for all connections: the least work for each connection.
pub(super) fn with_events(path: &Path) -> Result<()> {
    const LISTENER: u64 = 0;
    let listener = UnixListener::bind(path)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut streams: HashMap<u64, UnixStream> = HashMap::new();
    let mut next = LISTENER + 1;
    let mut buf = vec![0; SIZE];
    let mut events = Vec::with_capacity(256);
    loop {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let key = event.data.u64();
            if key == LISTENER {
                let (stream, _) = listener.accept()?;
                epoll::add(&epoll, &stream, EventData::new_u64(next), EventFlags::IN)?;
                streams.insert(next, stream);
                next += 1;
            } else if let Some(stream) = streams.get_mut(&key) {
                // Answers are small and the client waits for them: there is always room for them.
                let count = stream.read(&mut buf).unwrap_or(0);
                if count == 0 || stream.write_all(&buf[..count]).is_err() {
                    streams.remove(&key);
                }
            }
        }
    }
}
