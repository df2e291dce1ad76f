use crate::harness::{Place, assert_kind, assert_same, eventually, pattern};
use local_socket::traits::Stream as _;
use std::{
    io::{ErrorKind, Read as _, Write as _},
    thread,
};

on_every_kind! {
    a_read_without_data_would_block
    a_write_with_no_room_would_block_and_loses_nothing
    nonblocking_mode_can_be_switched_off
    the_end_of_file_does_not_read_as_would_block
}

fn a_read_without_data_would_block(place: &Place) {
    let (mut one, mut other) = place.streams();
    one.set_nonblocking(true).unwrap();
    assert_kind(one.read(&mut [0; 10]), &[ErrorKind::WouldBlock]);
    other.write_all(b"data").unwrap();
    let mut buf = [0; 10];
    eventually("the data is there", || match one.read(&mut buf) {
        Ok(4) => true,
        result => {
            assert_kind(result, &[ErrorKind::WouldBlock]);
            false
        }
    });
    assert_eq!(&buf[..4], b"data");
    assert_kind(one.read(&mut buf), &[ErrorKind::WouldBlock]);
}

fn a_write_with_no_room_would_block_and_loses_nothing(place: &Place) {
    let (mut one, mut other) = place.streams();
    let data = pattern(2_000_000);
    one.set_nonblocking(true).unwrap();
    let mut sent = 0;
    loop {
        match one.write(&data[sent..][..7777]) {
            Ok(count) => {
                assert!(count > 0, "a write that has no room is an error, not an empty write");
                sent += count;
            }
            result => {
                assert_kind(result, &[ErrorKind::WouldBlock]);
                break;
            }
        }
    }
    // Exactly the bytes that were reported as written arrive.
    let mut got = vec![0; sent];
    other.read_exact(&mut got).unwrap();
    assert_same(&got, &data[..sent]);
    other.set_nonblocking(true).unwrap();
    assert_kind(other.read(&mut [0]), &[ErrorKind::WouldBlock]);
    other.set_nonblocking(false).unwrap();

    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut got = Vec::new();
            other.read_to_end(&mut got).unwrap();
            got
        });
        let rest = &data[sent..];
        let mut sent = 0;
        while sent < rest.len() {
            match one.write(&rest[sent..]) {
                Ok(count) => sent += count,
                result => {
                    assert_kind(result, &[ErrorKind::WouldBlock]);
                    thread::yield_now();
                }
            }
        }
        drop(one);
        assert_same(&reader.join().unwrap(), rest);
    });
}

fn nonblocking_mode_can_be_switched_off(place: &Place) {
    let (mut one, mut other) = place.streams();
    one.set_nonblocking(true).unwrap();
    one.set_nonblocking(false).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| one.read(&mut [0]));
        other.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 1);
    });
}

fn the_end_of_file_does_not_read_as_would_block(place: &Place) {
    let (mut one, other) = place.streams();
    one.set_nonblocking(true).unwrap();
    assert_kind(one.read(&mut [0]), &[ErrorKind::WouldBlock]);
    drop(other);
    eventually("the end of file is there", || match one.read(&mut [0]) {
        Ok(0) => true,
        result => {
            assert_kind(result, &[ErrorKind::WouldBlock]);
            false
        }
    });
}
