//! Settings of a listener that one thread changes while another accepts.

use crate::harness::{Place, TICK, assert_kind, spawn_waiting};
use local_socket::{Listener, ListenerNonblockingMode, traits::Listener as _};
use std::{
    io::ErrorKind,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

on_every_kind! {
    a_blocking_accept_waits_while_the_timeout_is_changed
    a_waiting_call_keeps_its_timeout
    the_last_setting_counts
}

const LONG: Option<Duration> = Some(Duration::from_secs(300));

/// Accepts clients one after the other while another thread calls `change`.
fn accept_while(place: &Place, change: impl Fn(&Listener) + Sync) {
    const CLIENTS: usize = 150;
    let listener = place.listen();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                change(&listener);
                thread::yield_now();
            }
        });
        let client = scope.spawn(|| {
            // Each client waits for the server, which is waiting for the next one most of the time.
            // It stays connected: a named pipe may discard a client that has closed without sending.
            let connect = |_| {
                thread::yield_now();
                place.connect()
            };
            (0..CLIENTS).map(connect).collect::<Vec<_>>()
        });
        let results: Vec<_> = (0..CLIENTS).map(|_| listener.accept().map(drop)).collect();
        is_over.store(true, Ordering::Relaxed);
        let errors = results.iter().filter(|result| result.is_err());
        assert_eq!(errors.count(), 0, "{:?}", results.iter().find(|result| result.is_err()));
        drop(client.join().unwrap());
    });
}

fn a_blocking_accept_waits_while_the_timeout_is_changed(place: &Place) {
    accept_while(place, |listener| {
        listener.set_accept_timeout(LONG).unwrap();
        listener.set_accept_timeout(None).unwrap();
    });
    // Setting a mode that is set already changes nothing.
    accept_while(place, |listener| {
        listener.set_nonblocking(ListenerNonblockingMode::Neither).unwrap();
        listener.set_accept_timeout(LONG).unwrap();
        listener.set_nonblocking(ListenerNonblockingMode::Stream).unwrap();
        listener.set_nonblocking(ListenerNonblockingMode::Neither).unwrap();
        listener.set_accept_timeout(None).unwrap();
    });
}

fn a_waiting_call_keeps_its_timeout(place: &Place) {
    let listener = place.listen();
    for (before, after) in [(Some(Duration::from_millis(400)), None), (None, Some(TICK))] {
        listener.set_accept_timeout(before).unwrap();
        thread::scope(|scope| {
            let waiting = spawn_waiting(scope, || listener.accept());
            listener.set_accept_timeout(after).unwrap();
            if before.is_some() {
                assert_kind(waiting.join().unwrap(), &[ErrorKind::TimedOut]);
            } else {
                // Time is the subject: the call goes on beyond the new timeout.
                thread::sleep(3 * TICK);
                let _client = place.connect();
                waiting.join().unwrap().unwrap();
            }
        });
    }
}

fn the_last_setting_counts(place: &Place) {
    let listener = place.listen();
    listener.set_accept_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::TimedOut]);
    listener.set_accept_timeout(None).unwrap();
    // Without a timeout it waits for a client.
    place.connected(&listener);
    listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    listener.set_nonblocking(ListenerNonblockingMode::Neither).unwrap();
    place.connected(&listener);
}
