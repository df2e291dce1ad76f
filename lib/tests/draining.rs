//! Waiting until the peer has read everything.

use crate::harness::{
    AT_ONCE, Place, TICK, assert_kind, assert_same, eventually, pattern, spawn_waiting,
};
use local_socket::{
    Stream,
    traits::{Stream as _, StreamCommon as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    thread,
    time::{Duration, Instant},
};

on_every_kind! {
    draining_waits_until_the_peer_has_read_everything
    draining_without_unread_data_returns_at_once
    draining_ends_at_the_deadline
    draining_fails_if_the_peer_closes_without_reading
    draining_takes_no_data_from_a_reader
    draining_is_possible_after_a_shutdown
    draining_fails_if_the_peer_has_closed_without_reading
    a_peer_that_reads_and_closes_has_read_everything
}

#[cfg(unix)]
on_every_kind! {
    an_error_that_was_returned_before_is_remembered
    an_error_of_draining_is_left_to_reads
    draining_fails_if_the_peer_closes_during_a_write
}

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(30);

fn in_both_roles(place: &Place, behaviour: impl Fn(Stream, Stream)) {
    let (client, server) = place.streams();
    behaviour(client, server);
    let (client, server) = place.streams();
    behaviour(server, client);
}

fn draining_waits_until_the_peer_has_read_everything(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        one.write_all(b"data").unwrap();
        thread::scope(|scope| {
            let drained = spawn_waiting(scope, || one.drain(LONG));
            let mut buf = [0; 3];
            other.read_exact(&mut buf).unwrap();
            // Time is the subject: one byte is left.
            thread::sleep(TICK * 3);
            assert!(!drained.is_finished());
            other.read_exact(&mut [0]).unwrap();
            drained.join().unwrap().unwrap();
        });
    });
    in_both_roles(place, |mut one, mut other| {
        let sent = pattern(200_000);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut received = Vec::new();
                other.read_to_end(&mut received).unwrap();
                received
            });
            one.write_all(&sent).unwrap();
            one.drain(LONG).unwrap();
            drop(one);
            assert_same(&reader.join().unwrap(), &sent);
        });
    });
}

fn draining_without_unread_data_returns_at_once(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        for deadline in [Duration::ZERO, Duration::from_nanos(1), LONG, Duration::MAX] {
            one.drain(deadline).unwrap();
        }
        // Data that this end has not read makes no difference.
        other.write_all(b"unread").unwrap();
        one.drain(LONG).unwrap();
        one.write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
        one.drain(LONG).unwrap();
        one.drain(Duration::ZERO).unwrap();
    });
}

fn draining_ends_at_the_deadline(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        one.write_all(b"x").unwrap();
        for millis in [0, 1, 40] {
            let (start, deadline) = (Instant::now(), Duration::from_millis(millis));
            assert_kind(one.drain(deadline), &[ErrorKind::TimedOut]);
            assert!(start.elapsed() + TICK >= deadline && start.elapsed() < AT_ONCE);
        }
        assert_kind(one.drain(Duration::from_nanos(1)), &[ErrorKind::TimedOut]);
        // Nothing was lost.
        other.read_exact(&mut [0]).unwrap();
        one.drain(LONG).unwrap();
    });
}

fn draining_fails_if_the_peer_closes_without_reading(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        one.write_all(b"read and unread").unwrap();
        other.read_exact(&mut [0; 4]).unwrap();
        thread::scope(|scope| {
            let drained = spawn_waiting(scope, || one.drain(LONG));
            drop(other);
            assert_kind(drained.join().unwrap(), &[ErrorKind::BrokenPipe]);
        });
    });
}

fn draining_takes_no_data_from_a_reader(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        one.write_all(b"question").unwrap();
        other.write_all(b"answer").unwrap();
        assert_kind(one.drain(Duration::from_millis(5)), &[ErrorKind::TimedOut]);
        other.read_exact(&mut [0; 8]).unwrap();
        one.drain(LONG).unwrap();
        let mut answer = [0; 6];
        one.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer");
    });
}

fn draining_is_possible_after_a_shutdown(place: &Place) {
    for how in [Shutdown::Write, Shutdown::Both] {
        in_both_roles(place, |mut one, mut other| {
            one.write_all(b"data").unwrap();
            one.shutdown(how).unwrap();
            assert_kind(one.drain(Duration::from_millis(5)), &[ErrorKind::TimedOut]);
            let mut data = Vec::new();
            other.read_to_end(&mut data).unwrap();
            assert_eq!(data, b"data");
            one.drain(LONG).unwrap();
        });
    }
}

fn a_peer_that_reads_and_closes_has_read_everything(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        one.write_all(b"data").unwrap();
        thread::scope(|scope| {
            let drained = spawn_waiting(scope, || one.drain(LONG));
            other.read_exact(&mut [0; 4]).unwrap();
            drained.join().unwrap().unwrap();
            drop(other);
        });
        eventually("the peer has hung up", || one.peer_hung_up().unwrap());
        one.drain(LONG).unwrap();
    });
}

fn draining_fails_if_the_peer_has_closed_without_reading(place: &Place) {
    in_both_roles(place, |mut one, other| {
        one.write_all(b"never read").unwrap();
        drop(other);
        for deadline in [Duration::ZERO, LONG, Duration::MAX] {
            assert_kind(one.drain(deadline), &[ErrorKind::BrokenPipe]);
        }
    });
}

/// The system returns the error once: here to a read or to `take_error`.
#[cfg(unix)]
fn an_error_that_was_returned_before_is_remembered(place: &Place) {
    use local_socket::TryClone as _;
    for taken in [false, true] {
        in_both_roles(place, |mut one, other| {
            one.write_all(b"never read").unwrap();
            drop(other);
            let error = if taken {
                one.take_error().unwrap().unwrap()
            } else {
                one.read(&mut [0]).unwrap_err()
            };
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert_kind(one.drain(LONG), &[ErrorKind::BrokenPipe]);
            assert_kind(one.try_clone().unwrap().drain(LONG), &[ErrorKind::BrokenPipe]);
            let (rh, sh) = one.split();
            let one = Stream::reunite(rh, sh).unwrap();
            assert_kind(one.drain(LONG), &[ErrorKind::BrokenPipe]);
        });
    }
}

#[cfg(unix)]
fn an_error_of_draining_is_left_to_reads(place: &Place) {
    in_both_roles(place, |mut one, mut other| {
        one.write_all(b"never read").unwrap();
        other.write_all(b"answer").unwrap();
        drop(other);
        assert_kind(one.drain(LONG), &[ErrorKind::BrokenPipe]);
        let mut answer = [0; 6];
        one.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer");
        assert_kind(one.read(&mut [0]), &[ErrorKind::ConnectionReset]);
    });
}

/// The write that waits gets the error: it returns it, or the length of what it has written before.
#[cfg(unix)]
fn draining_fails_if_the_peer_closes_during_a_write(place: &Place) {
    for part in [false, true] {
        in_both_roles(place, |mut one, other| {
            let data = pattern(8 << 20);
            if !part {
                one.set_nonblocking(true).unwrap();
                while one.write(&data).is_ok() {}
                one.set_nonblocking(false).unwrap();
            }
            thread::scope(|scope| {
                let writer = spawn_waiting(scope, || { &one }.write(&data));
                drop(other);
                let written = writer.join().unwrap();
                assert_eq!(written.is_ok(), part, "{written:?}");
            });
            assert_kind(one.drain(LONG), &[ErrorKind::BrokenPipe]);
        });
    }
}
