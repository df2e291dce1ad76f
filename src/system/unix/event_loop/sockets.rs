//! The sockets that an event loop watches.

use rustix::event::epoll::{EventData, EventFlags};
use std::task::{Context, Waker};

/// The sockets that an event loop watches.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    places: Vec<Place>,
    /// Indices of free places.
    free: Vec<u32>,
}

/// What is known of a socket.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Number of sockets that were here before: an event can be one of theirs.
    generation: u32,
    is_taken: bool,
    /// What the socket is watched for. Its end is reported in any case (EPOLLHUP, `epoll_ctl(2)`).
    pub(super) interest: EventFlags,
    pub(super) readiness: Readiness,
    /// The task that the next event wakes.
    waker: Option<Waker>,
}

/// What events have reported.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Readiness {
    /// There may be something to read. It is cleared when there is not.
    pub(super) can_read: bool,
    /// The same for writing.
    pub(super) can_write: bool,
    /// The peer has ended its direction: nothing follows what is there to read.
    pub(super) has_ended: bool,
    /// The peer has closed, or both directions were shut down.
    pub(super) has_hung_up: bool,
    /// Urgent data has arrived.
    pub(super) has_urgent: bool,
}

/// Names a socket, in its event loop.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    index: u32,
    generation: u32,
}

impl Sockets {
    /// Adds a socket that is watched for these events.
    pub(super) fn add(&mut self, interest: EventFlags) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            (self.places.len() - 1) as u32
        });
        let place = &mut self.places[index as usize];
        (place.is_taken, place.interest) = (true, interest);
        Key { index, generation: place.generation }
    }

    /// Removes a socket. Returns the waker of the task that waits for it.
    pub(super) fn remove(&mut self, key: Key) -> Option<Waker> {
        let place = self.place(key)?;
        let waker = place.waker.take();
        *place = Place { generation: key.generation.wrapping_add(1), ..Place::default() };
        self.free.push(key.index);
        waker
    }

    /// Notes an event. Returns the waker of the task that waits for the socket.
    pub(super) fn report(&mut self, data: EventData, events: EventFlags) -> Option<Waker> {
        let place = self.place(Key::from(data))?;
        place.readiness.add(events);
        place.waker.take()
    }

    /// Returns what is known of a socket; `None` if it was removed.
    pub(super) fn place(&mut self, key: Key) -> Option<&mut Place> {
        let place = self.places.get_mut(key.index as usize)?;
        (place.is_taken && place.generation == key.generation).then_some(place)
    }
}

impl Place {
    /// Has the next event wake the task. Returns the waker of an earlier one.
    pub(super) fn wait(&mut self, cx: &Context<'_>) -> Option<Waker> {
        if self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return None;
        }
        self.waker.replace(cx.waker().clone())
    }
}

impl Readiness {
    fn add(&mut self, events: EventFlags) {
        let has = |any: EventFlags| events.intersects(any);
        // An error is returned by the next call.
        self.can_read |= has(EventFlags::IN | EventFlags::PRI | EventFlags::ERR);
        self.can_write |= has(EventFlags::OUT | EventFlags::ERR);
        self.has_ended |= has(EventFlags::RDHUP | EventFlags::HUP);
        self.has_hung_up |= has(EventFlags::HUP);
        self.has_urgent |= has(EventFlags::PRI);
    }

    pub(super) fn may_read(self) -> bool {
        self.can_read || self.has_ended
    }

    pub(super) fn may_write(self) -> bool {
        self.can_write || self.has_hung_up
    }
}

impl From<Key> for EventData {
    fn from(key: Key) -> Self {
        Self::new_u64(u64::from(key.generation) << 32 | u64::from(key.index))
    }
}

impl From<EventData> for Key {
    fn from(data: EventData) -> Self {
        let data = data.u64();
        Self { index: data as u32, generation: (data >> 32) as u32 }
    }
}
