use crate::harness::{Place, assert_kind, within_deadline};
use local_socket::{
    Name, Stream, TryClone as _,
    traits::{Stream as _, StreamCommon as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    process, thread,
};

on_every_kind! {
    both_ends_return_the_process_of_the_peer
    both_ends_return_the_name
    a_clone_is_the_same_stream
    a_new_stream_has_no_pending_error
    a_shared_reference_can_be_read_and_written
}

fn both_ends_return_the_process_of_the_peer(place: &Place) {
    let (client, server) = place.streams();
    for stream in [&client, &server] {
        let pid = stream.peer_creds().unwrap().pid().and_then(|pid| u32::try_from(pid).ok());
        assert_eq!(pid, Some(process::id()));
    }
}

/// The client has no name. The server's name is that of the listener, or of the listener's file.
fn both_ends_return_the_name(place: &Place) {
    let (client, server) = place.streams();
    let (name, file) = (place.name(), |name: &Name<'_>| {
        std::path::Path::new(&name.to_string()).file_name().map(ToOwned::to_owned)
    });
    for other in [client.peer_name(), server.local_name()] {
        let other = other.unwrap().unwrap();
        // Without a runtime folder, a word stands for a file in another folder.
        let is_fallback = name.is_namespaced() && other.is_path() && file(&other) == file(&name);
        assert!(other.to_string() == name.to_string() || is_fallback, "{other}");
    }
    assert_eq!(client.local_name().unwrap(), None);
    assert_eq!(server.peer_name().unwrap(), None);
}

fn a_clone_is_the_same_stream(place: &Place) {
    let (client, mut server) = place.streams();
    let mut clone = client.try_clone().unwrap();
    clone.write_all(b"from the clone").unwrap();
    let mut buf = [0; 14];
    server.read_exact(&mut buf).unwrap();
    assert_eq!(&buf, b"from the clone");
    drop(client);
    server.write_all(b"to whoever").unwrap();
    clone.read_exact(&mut buf[..10]).unwrap();
    assert_eq!(&buf[..10], b"to whoever");
    let another = clone.try_clone().unwrap();
    another.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read(&mut buf).unwrap(), 0);
    assert_kind(clone.write(b"x"), &[ErrorKind::BrokenPipe]);
}

fn a_new_stream_has_no_pending_error(place: &Place) {
    let (client, server) = place.streams();
    assert!(client.take_error().unwrap().is_none());
    assert!(server.take_error().unwrap().is_none());
}

fn a_shared_reference_can_be_read_and_written(place: &Place) {
    let (client, server) = place.streams();
    thread::scope(|scope| {
        for (stream, ours, theirs) in [(&client, b"ping", b"pong"), (&server, b"pong", b"ping")] {
            scope.spawn(move || { stream }.write_all(ours).unwrap());
            scope.spawn(move || {
                let mut buf = [0; 4];
                { stream }.read_exact(&mut buf).unwrap();
                assert_eq!(&buf, theirs);
            });
        }
    });
}

#[test]
fn a_pair_is_connected_and_has_no_name() {
    within_deadline(|| {
        let (mut one, mut other) = Stream::pair().unwrap();
        for stream in [&one, &other] {
            assert_eq!(stream.local_name().unwrap(), None);
            assert_eq!(stream.peer_name().unwrap(), None);
            let pid = stream.peer_creds().unwrap().pid().and_then(|pid| u32::try_from(pid).ok());
            assert_eq!(pid, Some(process::id()));
        }
        let mut buf = [0; 4];
        one.write_all(b"ping").unwrap();
        other.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"ping");
        other.write_all(b"pong").unwrap();
        other.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        one.read_to_string(&mut text).unwrap();
        assert_eq!(text, "pong");
        one.write_all(b"more").unwrap();
        drop(one);
        text.clear();
        other.read_to_string(&mut text).unwrap();
        assert_eq!(text, "more");
    });
}
