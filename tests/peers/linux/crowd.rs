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

/// Bytes of a message.
const SIZE: usize = 64;

/// Messages that are under way at a time.
pub(super) const UNDER_WAY: usize = 64;

#[derive(Debug)]
struct Crowd {
    streams: Vec<UnixStream>,
    /// The message whose answer each connection waits for.
    waiting: Vec<Option<u64>>,
    sent: u64,
    random: u64,
}

/// Prints the seconds until all are connected and served, waits for the end of stdin, and prints
/// the messages per second.
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
    let waiting = vec![None; streams.len()];
    println!("{}", Crowd { streams, waiting, sent: 0, random: 1 }.chat()?);
    Ok(())
}

impl Crowd {
    /// Measures messages per second.
    fn chat(&mut self) -> Result<f64> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        for (number, stream) in self.streams.iter().enumerate() {
            epoll::add(&epoll, stream, EventData::new_u64(number as u64), EventFlags::IN)?;
        }
        let start = Instant::now();
        for _ in 0..UNDER_WAY.min(self.streams.len().div_ceil(2)) {
            self.send()?;
        }
        let mut answers: u64 = 0;
        let mut events = Vec::with_capacity(UNDER_WAY);
        while start.elapsed() < Duration::from_secs(1) {
            epoll::wait(&epoll, spare_capacity(&mut events), None)?;
            for event in events.drain(..) {
                self.receive(event.data.u64() as usize)?;
                answers += 1;
                self.send()?;
            }
        }
        Ok(answers as f64 / start.elapsed().as_secs_f64())
    }

    /// Sends a message over an idle connection.
    fn send(&mut self) -> Result<()> {
        let index = loop {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = (self.random >> 33) as usize % self.streams.len();
            if self.waiting[index].is_none() {
                break index;
            }
        };
        self.waiting[index] = Some(self.sent);
        self.streams[index].write_all(&message(self.sent))?;
        self.sent += 1;
        Ok(())
    }

    fn receive(&mut self, index: usize) -> Result<()> {
        let number = self.waiting[index].take().context("an answer to nothing")?;
        let mut answer = [0; SIZE];
        self.streams[index].read_exact(&mut answer)?;
        ensure!(answer == message(number), "a wrong answer");
        Ok(())
    }
}

/// Sends 8 B and receives them back.
fn greet(stream: &mut UnixStream, number: u64) -> Result<()> {
    stream.write_all(&number.to_le_bytes())?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer)?;
    ensure!(u64::from_le_bytes(answer) == number, "a wrong answer");
    Ok(())
}

/// Returns a unique message.
fn message(number: u64) -> [u8; SIZE] {
    let mut message = [b'.'; SIZE];
    message[..8].copy_from_slice(&number.to_le_bytes());
    message[SIZE - 8..].copy_from_slice(&number.to_be_bytes());
    message
}
