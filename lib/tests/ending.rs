//! The end of one direction and of both.

use crate::harness::{GONE, Place, assert_kind, assert_same, eventually, pattern, spawn_waiting};
use local_socket::{
    Stream,
    traits::{SendHalf as _, Stream as _, StreamCommon as _},
};
use std::{
    io::{self, ErrorKind, Read, Write as _},
    net::Shutdown,
    thread,
};

on_every_kind! {
    a_close_is_the_other_sides_end_of_file
    half_close_is_the_end_of_one_direction
    half_close_of_both_one_after_the_other
    an_empty_write_is_not_an_end_of_file
    writing_after_half_close_is_an_error
    writing_to_a_closed_peer_is_an_error
    shutting_down_wakes_a_reader
    after_shutting_down_both_directions_reads_end_and_writes_fail
    a_hang_up_of_the_peer_is_detected
    shutting_down_twice_is_no_error
    shutting_down_after_the_peer_has_closed_is_no_error
    shutting_down_after_the_peer_has_half_closed_is_no_error
    shutting_down_ends_a_blocked_write
    dropping_delivers_written_data
}

/// Runs a behaviour for the client's end and for the server's end.
fn in_both_roles(place: &Place, behaviour: impl Fn(Stream, Stream)) {
    let (client, server) = place.streams();
    behaviour(client, server);
    let (client, server) = place.streams();
    behaviour(server, client);
}

fn read_all(mut stream: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map(|_| bytes)
}

fn a_close_is_the_other_sides_end_of_file(place: &Place) {
    in_both_roles(place, |mut one, other| {
        thread::scope(|scope| {
            let reader = scope.spawn(|| read_all(&other));
            one.write_all(b"and then no more").unwrap();
            drop(one);
            assert_eq!(reader.join().unwrap().unwrap(), b"and then no more");
        });
        // It stays at the end of file.
        assert_eq!((&other).read(&mut [0]).unwrap(), 0);
    });
    in_both_roles(place, |one, other| {
        drop(one);
        assert_eq!(read_all(&other).unwrap(), b"");
    });
}

fn half_close_is_the_end_of_one_direction(place: &Place) {
    in_both_roles(place, |mut one, other| {
        let (question, answer) = (pattern(100_000), pattern(300_000));
        thread::scope(|scope| {
            let peer = scope.spawn(|| {
                let question = read_all(&other).unwrap();
                assert_eq!((&other).read(&mut [0]).unwrap(), 0);
                // The whole answer is sent after the end of the question.
                { &other }.write_all(&answer).unwrap();
                drop(other);
                question
            });
            one.write_all(&question).unwrap();
            one.shutdown(Shutdown::Write).unwrap();
            assert_same(&read_all(&one).unwrap(), &answer);
            assert_same(&peer.join().unwrap(), &question);
        });
    });
}

fn half_close_of_both_one_after_the_other(place: &Place) {
    in_both_roles(place, |one, mut other| {
        one.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&other).unwrap(), b"");
        other.write_all(b"answer").unwrap();
        other.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&one).unwrap(), b"answer");
    });
}

fn an_empty_write_is_not_an_end_of_file(place: &Place) {
    in_both_roles(place, |mut one, other| {
        assert_eq!(one.write(&[]).unwrap(), 0);
        assert_eq!(one.write_vectored(&[]).unwrap(), 0);
        one.write_all(b"something").unwrap();
        assert_eq!(one.write(&[]).unwrap(), 0);
        one.flush().unwrap();
        drop(one);
        assert_eq!(read_all(&other).unwrap(), b"something");
    });
}

fn writing_after_half_close_is_an_error(place: &Place) {
    in_both_roles(place, |mut one, _other| {
        one.shutdown(Shutdown::Write).unwrap();
        assert_kind(one.write(b"x"), &[ErrorKind::BrokenPipe]);
    });
}

fn writing_to_a_closed_peer_is_an_error(place: &Place) {
    in_both_roles(place, |mut one, other| {
        drop(other);
        // Some systems accept data that fits and report the error later.
        let error = (0..1000).find_map(|_| one.write(&[0; 4096]).err());
        assert_kind(error.map_or(Ok(()), Err), GONE);
    });
    // The same with data that the peer has not read.
    in_both_roles(place, |mut one, other| {
        one.write_all(b"never read").unwrap();
        drop(other);
        let error = (0..1000).find_map(|_| one.write(&[0; 4096]).err());
        assert_kind(error.map_or(Ok(()), Err), GONE);
    });
}

fn shutting_down_wakes_a_reader(place: &Place) {
    for how in [Shutdown::Read, Shutdown::Both] {
        in_both_roles(place, |one, _other| {
            thread::scope(|scope| {
                let reader = spawn_waiting(scope, || { &one }.read(&mut [0]));
                one.shutdown(how).unwrap();
                assert_eq!(reader.join().unwrap().unwrap(), 0, "{how:?}");
            });
        });
    }
}

fn after_shutting_down_both_directions_reads_end_and_writes_fail(place: &Place) {
    in_both_roles(place, |mut one, other| {
        one.shutdown(Shutdown::Both).unwrap();
        assert_kind(one.write(b"x"), &[ErrorKind::BrokenPipe]);
        assert_eq!(one.read(&mut [0]).unwrap(), 0);
        assert_eq!(read_all(&other).unwrap(), b"");
    });
}

fn a_hang_up_of_the_peer_is_detected(place: &Place) {
    in_both_roles(place, |one, mut other| {
        assert!(!one.peer_hung_up().unwrap());
        other.write_all(b"left").unwrap();
        assert!(!one.peer_hung_up().unwrap());
        other.shutdown(Shutdown::Write).unwrap();
        assert!(!one.peer_hung_up().unwrap(), "a half-close is no hang-up");
        drop(other);
        eventually("the peer has hung up", || one.peer_hung_up().unwrap());
        assert_eq!(read_all(&one).unwrap(), b"left");
        assert!(one.peer_hung_up().unwrap());
    });
}

const ALL: [Shutdown; 3] = [Shutdown::Read, Shutdown::Write, Shutdown::Both];

fn shutting_down_twice_is_no_error(place: &Place) {
    for (first, second) in ALL.iter().flat_map(|first| ALL.map(|second| (*first, second))) {
        in_both_roles(place, |one, other| {
            one.shutdown(first).unwrap();
            one.shutdown(second).unwrap();
            let (_rh, sh) = one.split();
            sh.close().unwrap();
            sh.close().unwrap();
            assert_eq!(read_all(&other).unwrap(), b"");
        });
    }
}

fn shutting_down_after_the_peer_has_closed_is_no_error(place: &Place) {
    for how in ALL {
        // With and without data that one of the ends has not read.
        for (forth, back) in [("", ""), ("unread", ""), ("", "unread"), ("unread", "unread")] {
            in_both_roles(place, |mut one, mut other| {
                one.write_all(forth.as_bytes()).unwrap();
                other.write_all(back.as_bytes()).unwrap();
                drop(other);
                eventually("the peer has hung up", || one.peer_hung_up().unwrap());
                one.shutdown(how).unwrap();
                one.shutdown(Shutdown::Both).unwrap();
                let (_rh, sh) = one.split();
                sh.close().unwrap();
            });
        }
    }
}

fn shutting_down_after_the_peer_has_half_closed_is_no_error(place: &Place) {
    for how in ALL {
        in_both_roles(place, |one, other| {
            other.shutdown(Shutdown::Write).unwrap();
            one.shutdown(how).unwrap();
            drop(other);
            eventually("the peer has hung up", || one.peer_hung_up().unwrap());
            one.shutdown(how).unwrap();
        });
    }
}

/// A blocked write of one thread ends when another thread shuts the direction down. What has been
/// written before is read by the peer, and nothing comes after it.
fn shutting_down_ends_a_blocked_write(place: &Place) {
    for how in [Shutdown::Write, Shutdown::Both] {
        in_both_roles(place, |one, other| {
            let data = pattern(8 << 20);
            thread::scope(|scope| {
                let writer = spawn_waiting(scope, || {
                    let mut sent = 0;
                    loop {
                        match { &one }.write(&data[sent..]) {
                            Ok(count) => sent += count,
                            Err(error) => return (sent, error),
                        }
                    }
                });
                one.shutdown(how).unwrap();
                let (sent, error) = writer.join().unwrap();
                assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
                let received = read_all(&other).unwrap();
                assert_same(&received[..sent], &data[..sent]);
                assert_same(&received, &data[..received.len()]);
            });
        });
    }
}

fn dropping_delivers_written_data(place: &Place) {
    in_both_roles(place, |mut one, other| {
        let sent = pattern(30_000);
        thread::scope(|scope| {
            let sent = &sent;
            scope.spawn(move || {
                one.write_all(sent).unwrap();
                drop(one);
            });
            assert_same(&read_all(&other).unwrap(), sent);
        });
    });
}
