use crate::harness::{Place, assert_same, pattern};
use local_socket::traits::Stream as _;
use std::{
    io::{IoSlice, IoSliceMut, Read, Write},
    net::Shutdown,
    sync::LazyLock,
    thread,
};

on_every_kind! {
    every_size_around_buffer_limits_arrives_completely
    large_transfer_keeps_every_byte
    large_transfers_in_both_directions_at_once
    vectored_io_keeps_the_order
    more_buffers_than_one_call_takes_are_written_in_part
}

static DATA: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(16 * 1024 * 1024));

/// Writes in pieces of sizes that match no buffer.
fn write_in_odd_pieces(mut to: impl Write, mut data: &[u8]) {
    for size in [1, 3, 4095, 4097, 65_535, 65_537, 100_003].into_iter().cycle() {
        if data.is_empty() {
            return;
        }
        let (piece, rest) = data.split_at(size.min(data.len()));
        to.write_all(piece).unwrap();
        data = rest;
    }
}

/// Reads to the end with buffers of sizes that match no piece.
fn read_in_odd_pieces(mut from: impl Read) -> Vec<u8> {
    let (mut got, mut buf) = (Vec::new(), vec![0; 70_001]);
    for size in [70_001, 2, 8191, 40_000, 5].into_iter().cycle() {
        match from.read(&mut buf[..size]).unwrap() {
            0 => break,
            count => got.extend_from_slice(&buf[..count]),
        }
    }
    got
}

fn every_size_around_buffer_limits_arrives_completely(place: &Place) {
    let listener = place.listen();
    for size in [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1_048_577] {
        let (client, server) = place.connected(&listener);
        let data = &DATA[..size];
        thread::scope(|scope| {
            for stream in [&client, &server] {
                scope.spawn(move || {
                    { stream }.write_all(data).unwrap();
                    stream.shutdown(Shutdown::Write).unwrap();
                });
            }
            for mut stream in [&client, &server] {
                let mut got = Vec::new();
                stream.read_to_end(&mut got).unwrap();
                assert_same(&got, data);
            }
        });
    }
}

fn large_transfer_keeps_every_byte(place: &Place) {
    let (client, server) = place.streams();
    for (from, to) in [(&client, &server), (&server, &client)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                write_in_odd_pieces(from, &DATA);
                from.shutdown(Shutdown::Write).unwrap();
            });
            assert_same(&read_in_odd_pieces(to), &DATA);
        });
    }
}

fn large_transfers_in_both_directions_at_once(place: &Place) {
    let (client, server) = place.streams();
    let half = &DATA[..DATA.len() / 2];
    thread::scope(|scope| {
        for stream in [&client, &server] {
            scope.spawn(move || {
                write_in_odd_pieces(stream, half);
                stream.shutdown(Shutdown::Write).unwrap();
            });
            scope.spawn(move || assert_same(&read_in_odd_pieces(stream), half));
        }
    });
}

fn vectored_io_keeps_the_order(place: &Place) {
    let (client, server) = place.streams();
    let data = &DATA[..1_000_000];
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut pieces: Vec<_> = data.chunks(4999).map(IoSlice::new).collect();
            let mut left = &mut pieces[..];
            while !left.is_empty() {
                let count = (&client).write_vectored(left).unwrap();
                assert!(count > 0);
                IoSlice::advance_slices(&mut left, count);
            }
            client.shutdown(Shutdown::Write).unwrap();
        });
        let mut got = Vec::new();
        let (mut first, mut second, mut third) = ([0; 1], [0; 777], [0; 30_000]);
        loop {
            let mut parts = [&mut first[..], &mut second[..], &mut third[..]].map(IoSliceMut::new);
            let count = (&server).read_vectored(&mut parts).unwrap();
            if count == 0 {
                break;
            }
            let all = [&first[..], &second[..], &third[..]].concat();
            got.extend_from_slice(&all[..count]);
        }
        assert_same(&got, data);
    });
}

fn more_buffers_than_one_call_takes_are_written_in_part(place: &Place) {
    let (client, mut server) = place.streams();
    let pieces: Vec<_> = DATA[..30_000].chunks(10).map(IoSlice::new).collect();
    let count = (&client).write_vectored(&pieces).unwrap();
    assert!(count > 0);
    drop(client);
    let mut got = Vec::new();
    server.read_to_end(&mut got).unwrap();
    assert_same(&got, &DATA[..count]);
}
