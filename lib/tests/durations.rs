//! The shortest and the longest durations, in every function that takes one: none panics, and one
//! beyond the range of a clock is no limit.

use crate::harness::{AT_ONCE, Place, TOO_LATE, assert_kind, spawn_waiting};
use local_socket::{
    ConnectOptions, ConnectWaitMode, ListenerNonblockingMode, OnConflict, Stream,
    traits::{Listener as _, RecvHalf as _, SendHalf as _, Stream as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    thread,
    time::{Duration, Instant},
};

on_every_kind! {
    long_timeouts_of_reads_and_writes_are_no_limit
    short_timeouts_of_reads_and_writes_end_at_once
    long_timeouts_of_accepting_are_no_limit
    short_timeouts_of_accepting_end_at_once
    any_time_for_connecting_reaches_a_free_server
    any_time_for_replacing_a_name_is_accepted
}

/// Durations beyond the ranges in which systems and the standard library hold times.
pub(crate) const LONG: &[Duration] = &[
    Duration::MAX,
    Duration::from_secs(u64::MAX / 2),
    Duration::from_secs(i64::MAX as u64),
    Duration::from_secs(i64::MAX as u64 / 2),
    Duration::from_nanos(u64::MAX),
    Duration::from_secs(1 << 32),
    Duration::from_secs(i32::MAX as u64),
    Duration::from_millis(u32::MAX as u64),
    Duration::from_millis(i32::MAX as u64 + 1),
];

/// Durations for which a timeout of zero, which often means no limit, could be used by mistake.
const SHORT: &[Duration] = &[Duration::from_nanos(1), Duration::from_nanos(999)];

fn long_timeouts_of_reads_and_writes_are_no_limit(place: &Place) {
    let (one, mut other) = place.streams();
    for timeout in LONG {
        one.set_send_timeout(Some(*timeout)).unwrap();
        one.set_recv_timeout(Some(*timeout)).unwrap();
        { &one }.write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
        thread::scope(|scope| {
            let reader = spawn_waiting(scope, || { &one }.read(&mut [0]));
            other.write_all(b"y").unwrap();
            assert_eq!(reader.join().unwrap().unwrap(), 1, "{timeout:?}");
        });
    }
    let (rh, sh) = one.split();
    rh.set_timeout(Some(Duration::MAX)).unwrap();
    sh.set_timeout(Some(Duration::MAX)).unwrap();
    for result in [rh.set_timeout(Some(Duration::ZERO)), sh.set_timeout(Some(Duration::ZERO))] {
        assert_kind(result, &[ErrorKind::InvalidInput]);
    }
}

fn short_timeouts_of_reads_and_writes_end_at_once(place: &Place) {
    let (mut one, _other) = place.streams();
    for timeout in SHORT {
        one.set_recv_timeout(Some(*timeout)).unwrap();
        one.set_send_timeout(Some(*timeout)).unwrap();
        let start = Instant::now();
        assert_kind(one.read(&mut [0]), TOO_LATE);
        let error = (0..10_000).find_map(|_| one.write(&[0; 4096]).err());
        assert_kind(error.map_or(Ok(()), Err), TOO_LATE);
        assert!(start.elapsed() < AT_ONCE, "{timeout:?}");
    }
}

fn long_timeouts_of_accepting_are_no_limit(place: &Place) {
    let listener = place.listen();
    for timeout in LONG {
        listener.set_accept_timeout(Some(*timeout)).unwrap();
        thread::scope(|scope| {
            let accepted = spawn_waiting(scope, || listener.accept());
            let _client = place.connect();
            accepted.join().unwrap().unwrap();
        });
    }
    listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
}

fn short_timeouts_of_accepting_end_at_once(place: &Place) {
    let listener = place.listen();
    for timeout in SHORT {
        listener.set_accept_timeout(Some(*timeout)).unwrap();
        let start = Instant::now();
        assert_kind(listener.accept(), &[ErrorKind::TimedOut]);
        assert!(start.elapsed() < AT_ONCE, "{timeout:?}");
    }
    assert_kind(listener.set_accept_timeout(Some(Duration::ZERO)), &[ErrorKind::InvalidInput]);
}

/// A time of zero is enough for a server that is not busy.
fn any_time_for_connecting_reaches_a_free_server(place: &Place) {
    let listener = place.listen();
    for time in LONG.iter().chain(SHORT).chain(&[Duration::ZERO]) {
        let mode = ConnectWaitMode::Timeout(*time);
        let options = ConnectOptions::new().name(place.name()).wait_mode(mode);
        let mut client: Stream = options.connect_sync().unwrap_or_else(|error| {
            panic!("{time:?}: {error}");
        });
        let mut server = listener.accept().unwrap();
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
    }
}

fn any_time_for_replacing_a_name_is_accepted(place: &Place) {
    for time in LONG.iter().chain(SHORT).chain(&[Duration::ZERO]) {
        for on_conflict in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
            let options = place.options().on_conflict(on_conflict).max_spin_time(*time);
            let listener = options.clone().create_sync().unwrap();
            // The name is in use, by a server that is live.
            let second = options.create_sync();
            if place.has_file() && on_conflict == OnConflict::Replace {
                second.unwrap();
            } else {
                assert_kind(second, &[ErrorKind::AddrInUse]);
            }
            drop(listener);
        }
    }
}
