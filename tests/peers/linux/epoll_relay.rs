//! The limit of a relay: one event loop that accepts, connects to the target, and moves bytes both
//! ways with half-close, by copying or by splicing. It does nothing else: no limits, no counts, no
//! messages.
//!
//! A connection of 8 bytes there and back takes 16 system calls, four of them `epoll_wait(2)`.

use super::splice::{SIZE as PIPE, large_pipe};
use anyhow::Result;
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, connect, socket_with,
    },
    pipe::{SpliceFlags, splice},
};
use std::{
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
};

const BUFFER: usize = 64 << 10;
const LISTENER: u64 = u64::MAX;
const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// The state of a direction after some of its bytes have moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// Waits for input.
    Empty,
    /// Bytes are left, which wait for room in the output.
    Blocked,
    /// The end of file has been read, and all bytes before it have been written.
    Ended,
}

/// A client and its connection to the target. Direction 0 is from the client.
#[derive(Debug)]
struct Pair<Left> {
    ends: [UnixStream; 2],
    directions: [Direction; 2],
    /// What has been read of each direction and not written yet.
    left: [Left; 2],
    /// The events that each end waits for.
    events: [EventFlags; 2],
}

/// Relays through a buffer of the event loop.
pub(super) fn copy(listen: &Path, target: &Path) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    relay(listen, target, |mut from, mut to, left: &mut Vec<u8>| {
        if left.is_empty() {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(Direction::Ended);
            }
            let written = or_zero(to.write(&buffer[..count]))?;
            left.extend_from_slice(&buffer[written..count]);
        } else {
            let written = or_zero(to.write(left))?;
            left.drain(..written);
        }
        Ok(if left.is_empty() { Direction::Empty } else { Direction::Blocked })
    })
}

/// The kernel pipe of a direction, which is made for its first bytes, and how much it holds.
#[derive(Debug, Default)]
struct PipeLeft {
    pipe: Option<(OwnedFd, OwnedFd)>,
    bytes: usize,
}

/// Relays through a kernel pipe for each direction.
pub(super) fn splice_through_pipes(listen: &Path, target: &Path) -> Result<()> {
    relay(listen, target, |from, to, left: &mut PipeLeft| {
        let made = left.pipe.take().map_or_else(large_pipe, Ok).map_err(io::Error::other)?;
        let (reader, writer) = left.pipe.insert(made);
        if left.bytes == 0 {
            left.bytes = splice(from, None, writer, None, PIPE, SpliceFlags::NONBLOCK)?;
            if left.bytes == 0 {
                return Ok(Direction::Ended);
            }
        }
        let written = splice(reader, None, to, None, left.bytes, SpliceFlags::NONBLOCK);
        left.bytes -= or_zero(written.map_err(io::Error::from))?;
        Ok(if left.bytes == 0 { Direction::Empty } else { Direction::Blocked })
    })
}

/// Returns 0 bytes if there is no room.
fn or_zero(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

/// Relays with `step`, which moves bytes from one end to the other: first those that are left. It
/// fails with `WouldBlock` if there is nothing to read.
fn relay<Left: Default>(
    listen: &Path,
    target: &Path,
    mut step: impl FnMut(&UnixStream, &UnixStream, &mut Left) -> io::Result<Direction>,
) -> Result<()> {
    let listener = UnixListener::bind(listen)?;
    let target = SocketAddrUnix::new(target)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut pairs: Vec<Option<Pair<Left>>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Vec::with_capacity(256);
    loop {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let key = event.data.u64();
            if key == LISTENER {
                let pair = Pair::open(&listener, &target)?;
                let index = free.pop().unwrap_or_else(|| {
                    pairs.push(None);
                    pairs.len() - 1
                });
                for (side, end) in pair.ends.iter().enumerate() {
                    epoll::add(&epoll, end, data(index, side), EventFlags::IN)?;
                }
                pairs[index] = Some(pair);
                continue;
            }
            let (index, side) = ((key / 2) as usize, (key % 2) as usize);
            // An event of a pair that an earlier event of this wait has ended is left over. It does
            // no harm to the next pair of this index, from which nothing can be read yet.
            let Some(pair) = &mut pairs[index] else { continue };
            let mut advance = || -> io::Result<bool> {
                pair.advance(side, event.flags, &mut step)?;
                if pair.is_over(side, event.flags) {
                    return Ok(true);
                }
                for (side, end) in pair.ends.iter().enumerate() {
                    let wanted = pair.wanted(side);
                    if wanted != pair.events[side] {
                        pair.events[side] = wanted;
                        epoll::modify(&epoll, end, data(index, side), wanted)?;
                    }
                }
                Ok(false)
            };
            // A connection with an error ends.
            if advance().unwrap_or(true) {
                pairs[index] = None;
                free.push(index);
            }
        }
    }
}

fn data(index: usize, side: usize) -> EventData {
    EventData::new_u64((2 * index + side) as u64)
}

impl<Left: Default> Pair<Left> {
    fn open(listener: &UnixListener, target: &SocketAddrUnix) -> Result<Self> {
        let client = accept_with(listener, FLAGS)?;
        let server = socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
        connect(&server, target)?;
        Ok(Self {
            ends: [client.into(), server.into()],
            directions: [Direction::Empty; 2],
            left: Default::default(),
            events: [EventFlags::IN; 2],
        })
    }

    /// Moves bytes in the directions that the events of an end are about.
    fn advance(
        &mut self,
        side: usize,
        events: EventFlags,
        step: &mut impl FnMut(&UnixStream, &UnixStream, &mut Left) -> io::Result<Direction>,
    ) -> io::Result<()> {
        for from in [side, 1 - side] {
            let is_ready = match self.directions[from] {
                Direction::Empty => from == side,
                Direction::Blocked => from != side && events.contains(EventFlags::OUT),
                Direction::Ended => false,
            };
            if !is_ready {
                continue;
            }
            let to = &self.ends[1 - from];
            match step(&self.ends[from], to, &mut self.left[from]) {
                Ok(direction) => self.directions[from] = direction,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            // Closing the pair has the same effect.
            if self.directions[from] == Direction::Ended && !self.is_over(side, events) {
                to.shutdown(Shutdown::Write)?;
            }
        }
        Ok(())
    }

    fn wanted(&self, side: usize) -> EventFlags {
        let mut wanted = EventFlags::empty();
        wanted.set(EventFlags::IN, self.directions[side] == Direction::Empty);
        wanted.set(EventFlags::OUT, self.directions[1 - side] == Direction::Blocked);
        // `epoll_ctl(2)`: EPOLLHUP is always reported. Edge-triggered, it is reported once.
        if wanted.is_empty() { EventFlags::ET } else { wanted }
    }

    /// Returns whether nothing can be moved any more: both directions have ended, or one has whose
    /// sender does not receive either.
    fn is_over(&self, side: usize, events: EventFlags) -> bool {
        self.directions == [Direction::Ended; 2]
            || (self.directions[side] == Direction::Ended && events.contains(EventFlags::HUP))
    }
}
