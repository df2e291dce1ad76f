//! Listeners that an event loop watches.

use super::files::Folder;
use crate::harness::{NOBODY, assert_kind, spawn_waiting, unique_word, within_deadline};
use local_socket::{
    GenericNamespaced, Listener, ListenerNonblockingMode, ListenerOptions, Stream, ToNsName as _,
    traits::{Listener as _, Stream as _},
};
use rustix::event::{Timespec, epoll};
use std::{
    io::ErrorKind,
    os::fd::{AsFd as _, OwnedFd},
    thread,
};

fn watch(listener: &Listener) -> OwnedFd {
    let set = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    let data = epoll::EventData::new_u64(7);
    epoll::add(&set, listener.as_fd(), data, epoll::EventFlags::IN | epoll::EventFlags::ET)
        .unwrap();
    set
}

/// Returns the events that the set reports within the time.
fn events(set: &OwnedFd, seconds: i64) -> usize {
    let mut events = Vec::with_capacity(8);
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    epoll::wait(set, rustix::buffer::spare_capacity(&mut events), Some(&time)).unwrap();
    assert!(events.iter().all(|event| event.data.u64() == 7));
    events.len()
}

fn on_each_name(behaviour: fn(ListenerOptions<'_>)) {
    within_deadline(move || {
        let (folder, word) = (Folder::new(), unique_word());
        for name in [folder.name(), word.to_ns_name::<GenericNamespaced>().unwrap()] {
            behaviour(ListenerOptions::new().name(name).nonblocking(ListenerNonblockingMode::Both));
        }
    });
}

#[test]
fn closing_wakes_an_event_loop_that_waits() {
    on_each_name(|options| {
        let listener = options.create_sync().unwrap();
        let set = watch(&listener);
        thread::scope(|scope| {
            let waiting = spawn_waiting(scope, || events(&set, 20));
            listener.close().unwrap();
            assert_eq!(waiting.join().unwrap(), 1);
        });
        assert_kind(listener.accept(), &[ErrorKind::NotConnected]);
        assert_kind(Stream::connect(listener.local_name().unwrap()), NOBODY);
    });
}

/// The event loop is busy when the listener is closed.
#[test]
fn closing_is_an_event_for_a_loop_that_waits_later() {
    on_each_name(|options| {
        let listener = options.create_sync().unwrap();
        let (one, other) = (watch(&listener), watch(&listener));
        listener.close().unwrap();
        assert_eq!((events(&one, 20), events(&other, 20)), (1, 1));
        assert_kind(Stream::connect(listener.local_name().unwrap()), NOBODY);
    });
}

/// The kernel releases an abstract name only with its socket, which the event loop still watches.
#[test]
fn the_name_is_free_at_the_latest_after_dropping() {
    on_each_name(|options| {
        let listener = options.clone().create_sync().unwrap();
        let _set = watch(&listener);
        listener.close().unwrap();
        drop(listener);
        drop(options.create_sync().unwrap());
    });
}
