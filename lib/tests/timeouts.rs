use crate::harness::{AT_ONCE, Place, TICK, TOO_LATE, assert_kind, assert_same, pattern};
use local_socket::traits::Stream as _;
use std::{
    io::{ErrorKind, Read as _, Write as _},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

on_every_kind! {
    a_timed_out_read_loses_nothing
    a_timed_out_write_loses_nothing
    no_timeout_replaces_a_timeout
    a_timeout_of_zero_is_invalid
}

const TIMEOUT: Duration = Duration::from_millis(60);

#[track_caller]
fn assert_about_the_timeout(elapsed: Duration) {
    assert!(elapsed + TICK >= TIMEOUT, "too early: {elapsed:?}");
    assert!(elapsed < AT_ONCE, "too late: {elapsed:?}");
}

fn a_timed_out_read_loses_nothing(place: &Place) {
    let (mut one, mut other) = place.streams();
    one.set_recv_timeout(Some(TIMEOUT)).unwrap();
    for _ in 0..3 {
        let start = Instant::now();
        assert_kind(one.read(&mut [0; 100]), TOO_LATE);
        assert_about_the_timeout(start.elapsed());
    }
    let data = pattern(300_000);
    let (report_timeout, timed_out) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            // Each piece is sent after a read has timed out.
            for piece in data.chunks(data.len() / 3) {
                timed_out.recv().unwrap();
                other.write_all(piece).unwrap();
            }
            drop((other, timed_out));
        });
        let (mut got, mut buf) = (Vec::new(), [0; 1000]);
        loop {
            match one.read(&mut buf) {
                Ok(0) => break,
                Ok(count) => got.extend_from_slice(&buf[..count]),
                result => {
                    assert_kind(result, TOO_LATE);
                    // It fails after the last piece was sent.
                    let _ = report_timeout.send(());
                }
            }
        }
        assert_same(&got, &data);
    });
}

fn a_timed_out_write_loses_nothing(place: &Place) {
    let (mut one, mut other) = place.streams();
    one.set_send_timeout(Some(TIMEOUT)).unwrap();
    let data = pattern(4_000_000);
    let mut sent = 0;
    loop {
        let start = Instant::now();
        match one.write(&data[sent..][..9999]) {
            Ok(count) => sent += count,
            result => {
                assert_kind(result, TOO_LATE);
                assert_about_the_timeout(start.elapsed());
                break;
            }
        }
    }
    one.set_send_timeout(None).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            one.write_all(&data[sent..]).unwrap();
            drop(one);
        });
        let mut got = Vec::new();
        other.read_to_end(&mut got).unwrap();
        assert_same(&got, &data);
    });
}

fn no_timeout_replaces_a_timeout(place: &Place) {
    let (mut one, mut other) = place.streams();
    one.set_recv_timeout(Some(TIMEOUT)).unwrap();
    assert_kind(one.read(&mut [0]), TOO_LATE);
    one.set_recv_timeout(None).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| one.read(&mut [0]));
        // Time is the subject: the reader must still wait after the time of the previous timeout.
        thread::sleep(TIMEOUT + TICK);
        assert!(!reader.is_finished());
        other.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 1);
    });
}

fn a_timeout_of_zero_is_invalid(place: &Place) {
    let (one, _other) = place.streams();
    assert_kind(one.set_recv_timeout(Some(Duration::ZERO)), &[ErrorKind::InvalidInput]);
    assert_kind(one.set_send_timeout(Some(Duration::ZERO)), &[ErrorKind::InvalidInput]);
}
