//! Closing of listeners.

use crate::harness::{GONE, NOBODY, Place, ThreadMark, assert_kind, spawn_waiting};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Stream,
    traits::{Listener as _, ListenerExt as _, Stream as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    sync::mpsc,
    thread,
    time::Duration,
};

on_every_kind! {
    closing_ends_accept_in_another_thread
    closing_ends_accept_with_a_timeout_in_another_thread
    after_closing_no_client_can_connect
    after_dropping_no_client_can_connect
    closing_twice_does_nothing
    the_name_is_free_after_closing
    open_streams_work_after_the_listener_is_closed_or_dropped
    clients_in_the_backlog_are_disconnected
    iterating_ends_when_another_thread_closes_the_listener
    iterating_over_a_closed_listener_ends_at_once
}

fn closing_ends_accept_in_another_thread(place: &Place) {
    accept_while_closing(place, None);
}

fn closing_ends_accept_with_a_timeout_in_another_thread(place: &Place) {
    accept_while_closing(place, Some(Duration::from_secs(300)));
}

fn accept_while_closing(place: &Place, timeout: Option<Duration>) {
    let listener = place.listen();
    listener.set_accept_timeout(timeout).unwrap();
    thread::scope(|scope| {
        let acceptors = [(); 3].map(|()| spawn_waiting(scope, || listener.accept()));
        listener.close().unwrap();
        for acceptor in acceptors {
            assert_kind(acceptor.join().unwrap(), &[ErrorKind::NotConnected]);
        }
    });
    assert_kind(listener.accept(), &[ErrorKind::NotConnected]);
    assert_kind(Stream::connect(place.name()), NOBODY);
}

fn after_closing_no_client_can_connect(place: &Place) {
    let listener = place.listen();
    listener.close().unwrap();
    assert_kind(Stream::connect(place.name()), NOBODY);
    assert_kind(listener.accept(), &[ErrorKind::NotConnected]);
}

fn after_dropping_no_client_can_connect(place: &Place) {
    drop(place.listen());
    assert_kind(Stream::connect(place.name()), NOBODY);
}

fn closing_twice_does_nothing(place: &Place) {
    let listener = place.listen();
    listener.close().unwrap();
    let successor = place.listen();
    listener.close().unwrap();
    place.connected(&successor);
    drop(listener);
    place.connected(&successor);
}

fn the_name_is_free_after_closing(place: &Place) {
    let closed = place.listen();
    closed.close().unwrap();
    let listener = place.listen();
    place.connected(&listener);
    assert_kind(closed.accept(), &[ErrorKind::NotConnected]);
}

fn open_streams_work_after_the_listener_is_closed_or_dropped(place: &Place) {
    let listener = place.listen();
    let (mut client, mut server) = place.connected(&listener);
    let mut exchange = || {
        let mut buf = [0; 4];
        client.write_all(b"ping").unwrap();
        server.read_exact(&mut buf).unwrap();
        server.write_all(b"pong").unwrap();
        client.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"pong");
    };
    listener.close().unwrap();
    exchange();
    drop(listener);
    exchange();
}

fn clients_in_the_backlog_are_disconnected(place: &Place) {
    let listener = place.listen();
    let options = ConnectOptions::new()
        .name(place.name())
        .wait_mode(ConnectWaitMode::Timeout(Duration::from_secs(5)));
    let mut client = options.connect_sync().unwrap();
    listener.close().unwrap();
    client.set_recv_timeout(Some(Duration::from_secs(30))).unwrap();
    match client.read(&mut [0]) {
        Ok(0) => {}
        result => drop(assert_kind(result, GONE)),
    }
}

fn iterating_ends_when_another_thread_closes_the_listener(place: &Place) {
    for timeout in [None, Some(Duration::from_secs(300))] {
        let listener = place.listen();
        listener.set_accept_timeout(timeout).unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let serving = scope.spawn(|| {
                sender.send(ThreadMark::current()).unwrap();
                // An iterator that does not end is not followed for ever.
                listener.incoming().take(10).inspect(|stream| assert!(stream.is_ok())).count()
            });
            let thread = receiver.recv().unwrap();
            let _client = place.connect();
            thread.wait_until_asleep();
            listener.close().unwrap();
            assert!(serving.join().unwrap() <= 1);
        });
    }
}

fn iterating_over_a_closed_listener_ends_at_once(place: &Place) {
    let mut listener = place.listen();
    assert!(!listener.is_closed());
    listener.close().unwrap();
    assert!(listener.is_closed());
    for _ in 0..2 {
        assert!(listener.incoming().next().is_none());
        assert!(listener.next().is_none());
    }
}
