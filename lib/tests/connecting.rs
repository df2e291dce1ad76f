use crate::harness::{AT_ONCE, NOBODY, Place, assert_kind};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Name, Platform, Stream,
    traits::{Listener as _, Stream as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    thread,
    time::{Duration, Instant},
};

on_every_kind! {
    connecting_without_a_server_fails_at_once
    every_wait_mode_connects_to_a_waiting_server
    connects_race_with_listen
    the_stream_is_nonblocking_only_with_that_option
}

const WAIT_MODES: [ConnectWaitMode; 4] = [
    ConnectWaitMode::Deferred,
    ConnectWaitMode::Timeout(Duration::from_secs(30)),
    ConnectWaitMode::Timeout(Duration::MAX),
    ConnectWaitMode::Unbounded,
];

fn connecting_without_a_server_fails_at_once(place: &Place) {
    for wait_mode in WAIT_MODES {
        let start = Instant::now();
        let result = ConnectOptions::new().name(place.name()).wait_mode(wait_mode).connect_sync();
        assert_kind(result, NOBODY);
        assert!(start.elapsed() < AT_ONCE, "{wait_mode:?} took {:?}", start.elapsed());
    }
}

fn every_wait_mode_connects_to_a_waiting_server(place: &Place) {
    let listener = place.listen();
    for wait_mode in WAIT_MODES {
        let options = ConnectOptions::new().name(place.name()).wait_mode(wait_mode);
        thread::scope(|scope| {
            let server = scope.spawn(|| listener.accept().unwrap());
            let client = options.connect_sync();
            let mut client = client.unwrap_or_else(|e| panic!("{wait_mode:?}: {e}"));
            let mut server = server.join().unwrap();
            client.write_all(b"ping").unwrap();
            let mut buf = [0; 4];
            server.read_exact(&mut buf).unwrap();
            // A stream that is still non-blocking would fail here.
            let reader = scope.spawn(move || client.read_exact(&mut buf).map(|()| buf));
            server.write_all(b"pong").unwrap();
            assert_eq!(&reader.join().unwrap().unwrap(), b"pong", "{wait_mode:?}");
        });
    }
}

/// A client that connects too early gets a defined error: never an error of another kind, a stream
/// without a connection, or a hang.
fn connects_race_with_listen(place: &Place) {
    const CLIENTS: usize = 4;
    for _ in 0..10 {
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let mut stream = loop {
                        match Stream::connect(place.name()) {
                            Ok(stream) => break stream,
                            Err(error) => assert!(NOBODY.contains(&error.kind()), "{error:?}"),
                        }
                    };
                    stream.write_all(b"x").unwrap();
                    let mut buf = [0];
                    stream.read_exact(&mut buf).unwrap();
                });
            }
            let listener = place.listen();
            for _ in 0..CLIENTS {
                let mut stream = listener.accept().unwrap();
                let mut buf = [0];
                stream.read_exact(&mut buf).unwrap();
                stream.write_all(&buf).unwrap();
            }
        });
    }
}

fn the_stream_is_nonblocking_only_with_that_option(place: &Place) {
    let listener = place.listen();
    for wait_mode in WAIT_MODES {
        thread::scope(|scope| {
            let server = scope.spawn(|| listener.accept().unwrap());
            let mut client = ConnectOptions::new()
                .name(place.name())
                .wait_mode(wait_mode)
                .nonblocking_stream(true)
                .connect_sync()
                .unwrap();
            let _server = server.join().unwrap();
            assert_kind(client.read(&mut [0]), &[ErrorKind::WouldBlock]);
        });
    }
}

#[test]
fn options_without_a_name_are_invalid_input() {
    assert_kind(ConnectOptions::new().connect_sync(), &[ErrorKind::InvalidInput]);
}

#[test]
fn a_name_of_another_platform_is_unsupported() {
    let foreign = if cfg!(windows) { Platform::Linux } else { Platform::Windows };
    let name = Name::parse_for(foreign, "@foreign").unwrap();
    assert_kind(Stream::connect(name), &[ErrorKind::Unsupported]);
}
