use super::*;
use crate::traits::StreamCommon as _;
use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    os::windows::io::{AsHandle, OwnedHandle},
};

/// Starts to watch what the peer reads.
fn watch(stream: &Stream) {
    assert_eq!(stream.drain(Duration::ZERO).unwrap_err().kind(), ErrorKind::TimedOut);
    eventually("the thread waits for the peer", || stream.0.delivery.is_flushing());
    // Nothing shows when the system has got the call.
    thread::sleep(MOMENT);
}

#[test]
fn the_end_of_file_is_sent_when_the_peer_has_read_everything() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        server.write_all(b"data").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        // Time is the subject: the end of file is not sent while data is unread.
        thread::sleep(MOMENT);
        assert!(!server.0.delivery.has_sent_end());
        assert_eq!(client.read(&mut [0; 3]).unwrap(), 3);
        // Time is the subject, as above.
        thread::sleep(MOMENT);
        assert!(!server.0.delivery.has_sent_end(), "a byte is left");
        assert_eq!(client.read(&mut [0; 3]).unwrap(), 1);
        eventually("the end of file is sent", || server.0.delivery.has_sent_end());
        assert_eq!(client.read(&mut [0; 3]).unwrap(), 0);
        server.shutdown(Shutdown::Write).unwrap();
        client.write_all(b"answer").unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 6);
    });
}

#[test]
fn the_end_of_file_is_sent_at_once_if_nothing_is_unread() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        client.shutdown(Shutdown::Write).unwrap();
        assert!(client.0.delivery.has_sent_end());
        server.write_all(b"data").unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        server.drain(DEADLINE).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        assert!(server.0.delivery.has_sent_end());
    });
}

#[test]
fn a_reader_by_bytes_finds_the_end_of_file_behind_data() {
    let name = unique();
    let listener = listen(&name);
    let mut client = raw::client(&name);
    let mut server = listener.accept().unwrap();
    within_deadline(move || {
        server.write_all(b"one").unwrap();
        server.write_all(b"two").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "onetwo");
        assert!(!server.peer_hung_up().unwrap());
    });
}

#[test]
fn a_handle_keeps_the_end_of_file_that_was_not_sent_yet() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        server.write_all(b"data").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let _open = OwnedHandle::from(server);
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "data");
    });
}

#[test]
fn a_peer_that_closes_without_reading_is_an_error_once() {
    for half_closes in [false, true] {
        let (mut server, client) = connected();
        within_deadline(move || {
            server.write_all(b"data").unwrap();
            if half_closes {
                server.shutdown(Shutdown::Write).unwrap();
            }
            watch(&server);
            assert!(server.take_error().unwrap().is_none());
            drop(client);
            // Reading finds the end of file first.
            assert_eq!(server.read(&mut [0]).unwrap(), 0);
            let error = server.take_error().unwrap().unwrap();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert!(server.take_error().unwrap().is_none());
            assert_eq!(server.drain(DEADLINE).unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    }
}

#[test]
fn a_peer_that_closes_after_it_has_read_everything_is_no_error() {
    for half_closes in [false, true] {
        for _ in 0..50 {
            let (mut server, mut client) = connected();
            within_deadline(move || {
                server.write_all(b"data").unwrap();
                let _ = server.drain(Duration::ZERO);
                if half_closes {
                    server.shutdown(Shutdown::Write).unwrap();
                }
                client.read_exact(&mut [0; 4]).unwrap();
                drop(client);
                assert_eq!(server.read(&mut [0]).unwrap(), 0);
                assert!(server.take_error().unwrap().is_none());
            });
        }
    }
}

#[test]
fn a_write_that_is_cut_is_an_error_and_its_own_is_left() {
    let (mut server, client) = connected();
    within_deadline(move || {
        server.set_nonblocking(true).unwrap();
        timing::fill(&server);
        drop(client);
        let error = server.take_error().unwrap().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(server.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

/// The error of the write is not the one of a peer that has closed its handle.
#[test]
fn a_write_that_is_cut_by_a_disconnection_is_an_error_too() {
    for fails_first in [false, true] {
        let name = unique();
        let server = raw::byte_server(&name);
        let mut client = connect(&name);
        within_deadline(move || {
            client.set_nonblocking(true).unwrap();
            timing::fill(&client);
            raw::disconnect(&server);
            if fails_first {
                assert_eq!(client.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
            }
            let error = client.take_error().unwrap().unwrap();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        });
    }
}

#[test]
fn unread_bytes_are_counted() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        server.write_all(b"data").unwrap();
        let count = crate::os::windows::unread_by_peer(server.as_handle()).unwrap();
        // Wine does not count them.
        assert!(count == 4 || is_wine(), "{count}");
        client.read_exact(&mut [0; 4]).unwrap();
        server.drain(DEADLINE).unwrap();
    });
}

#[test]
fn a_dropped_stream_that_is_watched_is_closed() {
    for half_closes in [false, true] {
        let (mut server, mut client) = connected();
        within_deadline(move || {
            server.write_all(b"data").unwrap();
            if half_closes {
                server.shutdown(Shutdown::Write).unwrap();
            }
            watch(&server);
            drop(server);
            // A thread that keeps the pipe open would keep it writable.
            assert!(client.peer_hung_up().unwrap());
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            assert_eq!(text, "data");
        });
    }
}
