use super::*;
use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    sync::Arc,
};

#[test]
fn the_other_direction_stays_open() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        client.write_all(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        assert_eq!(text, "question");
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 0, "the end stays the end");
        server.write_all(b"answer").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "answer");
    });
}

#[test]
fn both_ends_can_close_before_either_reads() {
    let (mut one, mut other) = Stream::pair().unwrap();
    within_deadline(move || {
        for stream in [&mut one, &mut other] {
            stream.write_all(b"data").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        }
        for stream in [&mut one, &mut other] {
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert_eq!(text, "data");
        }
    });
}

#[test]
fn writing_after_a_half_close_is_a_broken_pipe() {
    let (mut server, _client) = connected();
    server.shutdown(Shutdown::Write).unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn an_empty_write_is_not_an_end_of_file() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        assert_eq!(server.write(b"").unwrap(), 0);
        server.write_all(b"x").unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 1);
    });
}

#[test]
fn a_client_without_this_library_reads_the_end_of_file() {
    let name = unique();
    let listener = listen(&name);
    let mut client = raw::client(&name);
    let mut server = listener.accept().unwrap();
    within_deadline(move || {
        server.write_all(b"data").unwrap();
        let mut buf = [0; 64];
        assert_eq!(client.read(&mut buf).unwrap(), 4);
        server.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut buf).unwrap(), 0);
        client.write_all(b"more").unwrap();
        assert_eq!(server.read(&mut buf).unwrap(), 4);
    });
}

#[test]
fn an_empty_message_of_another_server_is_the_end_of_file() {
    let name = unique();
    let server = raw::message_server(&name);
    let mut client = connect(&name);
    within_deadline(move || {
        let mut server = File::from(server);
        server.write_all(b"data").unwrap();
        assert_eq!(server.write(b"").unwrap(), 0);
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "data");
        client.write_all(b"x").unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 1);
    });
}

#[test]
fn empty_messages_that_are_ignored_are_skipped_and_not_sent() {
    let name = unique();
    let mut server = File::from(raw::message_server(&name));
    let mut client = connect(&name);
    within_deadline(move || {
        client.ignore_empty_messages(true);
        let error = client.shutdown(Shutdown::Write).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        client.write_all(b"there").unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 5, "no end of file was sent");
        for message in [&b""[..], b"a", b"", b"", b"b"] {
            assert_eq!(server.write(message).unwrap(), message.len());
        }
        drop(server);
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        assert_eq!(all, "ab");
    });
}

#[test]
fn half_close_is_unsupported_on_byte_type_pipes() {
    let name = unique();
    let server = raw::byte_server(&name);
    let mut client = connect(&name);
    within_deadline(move || {
        let error = client.shutdown(Shutdown::Write).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        client.write_all(b"still").unwrap();
        assert_eq!(File::from(server).read(&mut [0; 8]).unwrap(), 5);
    });
}

/// The peer does not read.
#[test]
fn shutting_down_a_byte_type_pipe_ends_a_write_that_waits() {
    for how in [Shutdown::Write, Shutdown::Both] {
        let name = unique();
        let server = raw::byte_server(&name);
        let client = Arc::new(connect(&name));
        let theirs = Arc::clone(&client);
        let write = start(move || (&*theirs).write_all(&[0; 1 << 20]));
        assert!(write.recv_timeout(MOMENT).is_err(), "the call waits");
        let theirs = Arc::clone(&client);
        let error = within_deadline(move || theirs.shutdown(how)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{how:?}");
        let error = within_deadline(move || write.recv()).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{how:?}");
        drop(server);
    }
}

#[test]
fn shutting_down_both_directions_of_a_byte_type_pipe_closes_this_end_of_them() {
    let name = unique();
    let server = raw::byte_server(&name);
    let mut client = connect(&name);
    within_deadline(move || {
        for _ in 0..2 {
            let error = client.shutdown(Shutdown::Both).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
        // It fails, and does not open the direction again.
        assert_eq!(client.shutdown(Shutdown::Write).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        client.flush().unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
        drop(client);
        assert_eq!(File::from(server).read(&mut [0; 8]).unwrap_or(0), 0, "nothing was sent");
    });
}

#[test]
fn the_end_of_file_comes_after_the_write_in_flight() {
    let (server, mut client) = connected();
    within_deadline(move || {
        server.set_nonblocking(true).unwrap();
        let sent = timing::fill(&server);
        server.shutdown(Shutdown::Write).unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

#[test]
fn a_small_buffer_reads_a_large_message_in_parts() {
    let (mut server, client) = connected();
    within_deadline(move || {
        server.write_all(b"0123456789").unwrap();
        drop(server);
        let mut all = Vec::new();
        let mut buf = [0; 3];
        loop {
            match (&client).read(&mut buf).unwrap() {
                0 => break,
                n => all.extend_from_slice(&buf[..n]),
            }
        }
        assert_eq!(all, b"0123456789");
    });
}
