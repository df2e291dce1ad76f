//! Clients that the filter refuses.

use crate::harness::{AT_ONCE, GONE, Place, assert_kind, eventually};
use local_socket::{
    Listener, ListenerNonblockingMode, PeerCreds, Stream,
    traits::{Listener as _, ListenerExt as _, Stream as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    panic,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

on_every_kind! {
    a_refused_client_is_closed_and_the_next_one_is_accepted
    the_filter_gets_the_credentials_of_the_client
    nonblocking_accept_would_block_behind_refused_clients
    accept_times_out_while_clients_are_refused
    accept_times_out_behind_a_refused_client
    a_filter_can_be_set_later
    listeners_of_the_same_options_share_the_filter
    a_filter_that_panics_costs_one_client
}

/// Returns a filter that refuses this number of clients.
fn refuse_first(count: usize) -> impl Fn(&PeerCreds) -> bool + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |_| seen.fetch_add(1, Ordering::Relaxed) >= count
}

#[track_caller]
fn assert_closed(mut client: Stream) {
    match client.read(&mut [0]) {
        Ok(0) => {}
        result => drop(assert_kind(result, GONE)),
    }
}

#[track_caller]
fn assert_connected(mut client: Stream, mut server: Stream) {
    server.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
}

fn a_refused_client_is_closed_and_the_next_one_is_accepted(place: &Place) {
    let listener = place.options().accept_filter(refuse_first(2)).create_sync().unwrap();
    let [first, second, third] = [(); 3].map(|()| place.connect());
    let server = listener.accept().unwrap();
    assert_closed(first);
    assert_closed(second);
    assert_connected(third, server);
    // The iterators use the same filter.
    let fourth = place.connect();
    assert_connected(fourth, listener.incoming().next().unwrap().unwrap());
}

fn the_filter_gets_the_credentials_of_the_client(place: &Place) {
    let pids = Arc::new(Mutex::new(Vec::new()));
    let filter = {
        let pids = Arc::clone(&pids);
        move |peer: &PeerCreds| {
            pids.lock().unwrap().push(peer.pid());
            true
        }
    };
    let listener = place.options().accept_filter(filter).create_sync().unwrap();
    place.connected(&listener);
    let own = std::process::id().try_into().unwrap();
    assert_eq!(*pids.lock().unwrap(), [Some(own)]);
}

fn nonblocking_accept_would_block_behind_refused_clients(place: &Place) {
    let refused = Arc::new(AtomicUsize::new(0));
    let filter = {
        let refused = Arc::clone(&refused);
        move |_: &PeerCreds| {
            refused.fetch_add(1, Ordering::Relaxed);
            false
        }
    };
    let mut listener = place
        .options()
        .nonblocking(ListenerNonblockingMode::Accept)
        .accept_filter(filter)
        .create_sync()
        .unwrap();
    // One call refuses both if both are in the backlog. On some systems they are there a little
    // after they have connected.
    eventually("one call refuses two clients", || {
        refused.store(0, Ordering::Relaxed);
        let [one, other] = [(); 2].map(|()| place.connect());
        let mut calls = 0;
        eventually("both are refused", || {
            assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
            calls += 1;
            refused.load(Ordering::Relaxed) == 2
        });
        assert_closed(one);
        assert_closed(other);
        calls == 1
    });
    // The next client is accepted.
    listener.set_accept_filter(refuse_first(1));
    let (refused, client) = (place.connect(), place.connect());
    let mut server = None;
    eventually("the client is accepted", || {
        server = listener.accept().ok();
        server.is_some()
    });
    assert_closed(refused);
    assert_connected(client, server.unwrap());
}

/// There is always a next client: whenever one is refused, another one is in the backlog already.
fn accept_times_out_while_clients_are_refused(place: &Place) {
    let name = place.name();
    let last = Mutex::new(None);
    let filter = move |_: &PeerCreds| {
        let client = Stream::connect(name.clone()).unwrap();
        *last.lock().unwrap() = Some(client);
        false
    };
    let listener = place.options().accept_filter(filter).create_sync().unwrap();
    listener.set_accept_timeout(Some(Duration::from_millis(60))).unwrap();
    let _first = place.connect();
    let start = Instant::now();
    assert_kind(listener.accept(), &[ErrorKind::TimedOut]);
    assert!(start.elapsed() < AT_ONCE);
}

fn accept_times_out_behind_a_refused_client(place: &Place) {
    let listener = place.options().accept_filter(|_| false).create_sync().unwrap();
    listener.set_accept_timeout(Some(Duration::from_millis(60))).unwrap();
    let client = place.connect();
    assert_kind(listener.accept(), &[ErrorKind::TimedOut]);
    assert_closed(client);
}

fn a_filter_can_be_set_later(place: &Place) {
    let mut listener = place.listen();
    place.connected(&listener);
    listener.set_accept_filter(refuse_first(1));
    refuses_one(place, &listener);
    // A new filter replaces the previous one.
    listener.set_accept_filter(|_| true);
    place.connected(&listener);
}

fn refuses_one(place: &Place, listener: &Listener) {
    let (refused, client) = (place.connect(), place.connect());
    let server = listener.accept().unwrap();
    assert_closed(refused);
    assert_connected(client, server);
}

fn listeners_of_the_same_options_share_the_filter(place: &Place) {
    let seen = AtomicUsize::new(0);
    let every_other = move |_: &PeerCreds| seen.fetch_add(1, Ordering::Relaxed) % 2 == 1;
    let options = place.options().accept_filter(every_other);
    assert!(format!("{options:?}").contains("AcceptFilter"), "{options:?}");
    for _ in 0..2 {
        let listener = options.clone().create_sync().unwrap();
        refuses_one(place, &listener);
    }
}

fn a_filter_that_panics_costs_one_client(place: &Place) {
    let seen = AtomicUsize::new(0);
    let filter = move |_: &PeerCreds| {
        assert!(seen.fetch_add(1, Ordering::Relaxed) > 0, "this panic is part of the test");
        true
    };
    let listener = place.options().accept_filter(filter).create_sync().unwrap();
    let first = place.connect();
    thread::scope(|scope| {
        let accepting = scope.spawn(|| panic::catch_unwind(|| listener.accept()));
        assert!(accepting.join().unwrap().is_err());
    });
    assert_closed(first);
    place.connected(&listener);
}
