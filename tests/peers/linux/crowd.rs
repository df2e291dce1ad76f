//! The client with many open connections: one thread that waits for all of them.

use anyhow::{Context as _, Result, ensure};
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, EventData, EventFlags},
};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

/// Events of one wait, at most.
const EVENTS: usize = 256;

#[derive(Debug)]
struct Crowd {
    streams: Vec<UnixStream>,
    /// The message whose answer each connection waits for.
    waiting: Vec<u64>,
    sent: u64,
}

/// Prints the seconds until all are connected and served, waits for the end of stdin, and prints
/// the messages per second and their number.
pub(super) fn crowd(path: &Path, count: u64) -> Result<()> {
    let start = Instant::now();
    let connect = |number| {
        let mut stream = UnixStream::connect(path)?;
        greet(&mut stream, number)?;
        anyhow::Ok(stream)
    };
    let streams = (0..count)
        .map(|number| connect(number).with_context(|| format!("connection {number}")))
        .collect::<Result<Vec<_>>>()?;
    println!("{}", start.elapsed().as_secs_f64());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let waiting = vec![0; streams.len()];
    let (rate, messages) = Crowd { streams, waiting, sent: 0 }.chat()?;
    println!("{rate} {messages}");
    Ok(())
}

impl Crowd {
    /// Returns messages per second, and their number.
    fn chat(&mut self) -> Result<(f64, u64)> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        for (number, stream) in self.streams.iter().enumerate() {
            epoll::add(&epoll, stream, EventData::new_u64(number as u64), EventFlags::IN)?;
        }
        let start = Instant::now();
        for index in 0..self.streams.len() {
            self.send(index)?;
        }
        let mut answers: u64 = 0;
        let mut events = Vec::with_capacity(EVENTS);
        while start.elapsed() < Duration::from_secs(1) {
            epoll::wait(&epoll, spare_capacity(&mut events), None)?;
            for event in events.drain(..) {
                let index = event.data.u64() as usize;
                receive(&mut self.streams[index], self.waiting[index])?;
                answers += 1;
                self.send(index)?;
            }
        }
        Ok((answers as f64 / start.elapsed().as_secs_f64(), answers))
    }

    /// Sends the next message, which is unique, over a connection without one under way.
    fn send(&mut self, index: usize) -> Result<()> {
        self.waiting[index] = self.sent;
        self.streams[index].write_all(&self.sent.to_le_bytes())?;
        self.sent += 1;
        Ok(())
    }
}

/// Sends 8 B and receives them back.
fn greet(stream: &mut UnixStream, number: u64) -> Result<()> {
    stream.write_all(&number.to_le_bytes())?;
    receive(stream, number)
}

fn receive(stream: &mut UnixStream, number: u64) -> Result<()> {
    let mut answer = [0; 8];
    stream.read_exact(&mut answer)?;
    ensure!(u64::from_le_bytes(answer) == number, "a wrong answer");
    Ok(())
}
