use crate::harness::{AT_ONCE, Place, TICK, assert_kind, eventually};
use local_socket::{
    Incoming, ListenerNonblockingMode, ListenerOptions, Stream,
    traits::{Listener as _, ListenerExt as _, Stream as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    iter::FusedIterator,
    thread,
    time::{Duration, Instant},
};

on_every_kind! {
    nonblocking_accept_would_block
    nonblocking_mode_can_be_changed
    nonblocking_mode_applies_to_accepting_streams_or_both
    accept_times_out
    accept_returns_a_client_within_the_timeout
    accept_with_a_timeout_ends_if_another_thread_accepts_the_client
    a_timeout_of_zero_is_invalid
    a_client_that_disconnects_before_accept_does_no_harm
    data_of_a_client_that_disconnects_before_accept_is_delivered
    incoming_accepts_one_client_after_another
    the_listener_is_an_iterator
    the_listener_returns_its_name
}

const TIMEOUT: Duration = Duration::from_millis(60);

fn nonblocking_accept_would_block(place: &Place) {
    for mode in [ListenerNonblockingMode::Accept, ListenerNonblockingMode::Both] {
        let listener = place.options().nonblocking(mode).create_sync().unwrap();
        let start = Instant::now();
        assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
        assert!(start.elapsed() < AT_ONCE);
        let _client = place.connect();
        eventually("the client is accepted", || listener.accept().is_ok());
        assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    }
}

fn nonblocking_mode_can_be_changed(place: &Place) {
    let listener = place.listen();
    listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    listener.set_nonblocking(ListenerNonblockingMode::Neither).unwrap();
    listener.set_accept_timeout(Some(TIMEOUT)).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::TimedOut]);
    listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    listener.set_accept_timeout(None).unwrap();
    assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    listener.set_nonblocking(ListenerNonblockingMode::Neither).unwrap();
    place.connected(&listener);
}

fn nonblocking_mode_applies_to_accepting_streams_or_both(place: &Place) {
    for (mode, streams) in [
        (ListenerNonblockingMode::Neither, false),
        (ListenerNonblockingMode::Accept, false),
        (ListenerNonblockingMode::Stream, true),
        (ListenerNonblockingMode::Both, true),
    ] {
        assert_eq!(mode.stream_nonblocking(), streams);
        assert_eq!(ListenerNonblockingMode::from_bool(mode.accept_nonblocking(), streams), mode);
        for set_later in [false, true] {
            let options = place.options();
            let listener = if set_later {
                let listener = options.create_sync().unwrap();
                listener.set_nonblocking(mode).unwrap();
                listener
            } else {
                options.nonblocking(mode).create_sync().unwrap()
            };
            let mut client = place.connect();
            let mut server = None;
            eventually("the client is accepted", || match listener.accept() {
                Ok(stream) => {
                    server = Some(stream);
                    true
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    assert!(mode.accept_nonblocking());
                    false
                }
            });
            let mut server = server.unwrap();
            let mut buf = [0];
            if streams {
                assert_kind(server.read(&mut buf), &[ErrorKind::WouldBlock]);
            } else {
                thread::scope(|scope| {
                    let reader = scope.spawn(|| server.read_exact(&mut buf));
                    client.write_all(b"x").unwrap();
                    reader.join().unwrap().unwrap();
                });
            }
        }
    }
}

fn accept_times_out(place: &Place) {
    let listener = place.listen();
    listener.set_accept_timeout(Some(TIMEOUT)).unwrap();
    for _ in 0..2 {
        let start = Instant::now();
        assert_kind(listener.accept(), &[ErrorKind::TimedOut]);
        assert!(start.elapsed() + TICK >= TIMEOUT, "too early: {:?}", start.elapsed());
        assert!(start.elapsed() < AT_ONCE, "too late: {:?}", start.elapsed());
    }
}

fn accept_returns_a_client_within_the_timeout(place: &Place) {
    let listener = place.listen();
    listener.set_accept_timeout(Some(Duration::from_secs(30))).unwrap();
    let (mut client, mut server) = place.connected(&listener);
    // The timeout is that of the listener. The stream has none and is not non-blocking.
    thread::scope(|scope| {
        let reader = scope.spawn(|| server.read(&mut [0]));
        client.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 1);
    });
    listener.set_accept_timeout(Some(Duration::MAX)).unwrap();
    place.connected(&listener);
    listener.set_accept_timeout(None).unwrap();
    place.connected(&listener);
}

/// A thread that is woken for a client which another thread accepts must wait for the rest of its
/// timeout, not for the next client.
fn accept_with_a_timeout_ends_if_another_thread_accepts_the_client(place: &Place) {
    const CLIENTS: usize = 300;
    let listener = place.listen();
    listener.set_accept_timeout(Some(Duration::from_millis(300))).unwrap();
    let accepted: usize = thread::scope(|scope| {
        let accept_until_timeout = || {
            let accepted = listener.incoming().take_while(|stream| match stream {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
                    false
                }
            });
            accepted.count()
        };
        let acceptors: Vec<_> = (0..6).map(|_| scope.spawn(accept_until_timeout)).collect();
        // The clients stay connected: those that have disconnected need not be accepted.
        let _clients: Vec<_> = (0..CLIENTS).map(|_| place.connect()).collect();
        acceptors.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(accepted, CLIENTS);
}

fn a_timeout_of_zero_is_invalid(place: &Place) {
    let listener = place.listen();
    assert_kind(listener.set_accept_timeout(Some(Duration::ZERO)), &[ErrorKind::InvalidInput]);
}

fn a_client_that_disconnects_before_accept_does_no_harm(place: &Place) {
    let listener = place.listen();
    for _ in 0..3 {
        drop(place.connect());
    }
    thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut client = place.connect();
            client.write_all(b"here").unwrap();
            client.read(&mut [0]).unwrap()
        });
        let mut text = [0; 4];
        // Clients that have disconnected are accepted first, at their end of file, or not at all.
        let ends = listener
            .incoming()
            .take_while(|stream| stream.as_ref().unwrap().read_exact(&mut text).is_err())
            .count();
        assert!(ends <= 3);
        assert_eq!(&text, b"here");
        assert_eq!(client.join().unwrap(), 0);
    });
}

fn data_of_a_client_that_disconnects_before_accept_is_delivered(place: &Place) {
    let listener = place.listen();
    thread::scope(|scope| {
        scope.spawn(|| place.connect().write_all(b"goodbye").unwrap());
        let mut text = String::new();
        listener.accept().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "goodbye");
    });
}

fn incoming_accepts_one_client_after_another(place: &Place) {
    let listener = place.listen();
    assert_eq!(Incoming::from(&listener).size_hint(), (0, None));
    exchange_with(place, listener.incoming());
    // The iterator borrows the listener.
    exchange_with(place, listener.incoming());
}

fn the_listener_is_an_iterator(place: &Place) {
    let mut listener = place.listen();
    assert_eq!(listener.size_hint(), (0, None));
    exchange_with(place, &mut listener);
    exchange_with(place, listener);
}

fn exchange_with(place: &Place, streams: impl FusedIterator<Item = std::io::Result<Stream>>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..5 {
                let mut client = place.connect();
                client.write_all(&[number]).unwrap();
                assert_eq!(client.read(&mut [0]).unwrap(), 0);
            }
        });
        for (number, stream) in (0..5).zip(streams) {
            let mut buf = [0];
            stream.unwrap().read_exact(&mut buf).unwrap();
            assert_eq!(buf, [number]);
        }
    });
}

fn the_listener_returns_its_name(place: &Place) {
    let listener = place.listen();
    assert_eq!(listener.local_name().unwrap(), place.name());
    listener.close().unwrap();
    assert_eq!(listener.local_name().unwrap(), place.name());
}

#[test]
fn options_without_a_name_are_invalid_input() {
    assert_kind(ListenerOptions::new().create_sync(), &[ErrorKind::InvalidInput]);
}

/// The functions of the traits can be called for other types of listeners, too.
#[test]
fn options_create_the_requested_type() {
    let place = Place::new(any_kind());
    let listener: local_socket::Listener = place.options().create_sync_as().unwrap();
    let client = thread::scope(|scope| {
        let accepting = scope.spawn(|| listener.accept().unwrap());
        let options = local_socket::ConnectOptions::new().name(place.name());
        let client = Stream::from_options(&options).unwrap();
        accepting.join().unwrap();
        client
    });
    assert_eq!((&client).read(&mut [0]).unwrap(), 0);
}

fn any_kind() -> crate::harness::Kind {
    #[cfg(unix)]
    return crate::harness::Kind::File;
    #[cfg(windows)]
    crate::harness::Kind::PipeWord
}
