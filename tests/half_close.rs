//! Peers of other kinds: a server that answers late, a client that waits, programs that
//! never block on the pipes between them and lsock.

use crate::harness::{DEADLINE, Scene, data, within_the_deadline};
use rustix::{
    fs::{OFlags, fcntl_setfl},
    io::Errno,
};
use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixListener,
    thread,
    time::Duration,
};

const NO_ARGS: [&str; 0] = [];

#[test]
fn an_answer_that_comes_long_after_the_end_of_the_request() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let answer = data(1 << 20);
    let (request, expected) = (data(100_000), answer.clone());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        thread::sleep(Duration::from_secs(3));
        stream.write_all(&answer).unwrap();
        bytes
    });
    scene.connect("./s", NO_ARGS).input(request.clone()).run().silent().output(expected);
    assert!(server.join().unwrap() == request);
}

#[test]
fn a_listener_answers_long_after_the_end_of_the_request() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", NO_ARGS).open_input().start_listening();
    let mut client = scene.dial("s");
    client.write_all(b"request").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    server.wait_for_end_of_output("request");
    thread::sleep(Duration::from_secs(1));
    let answer = data(1 << 20);
    server.send(&answer);
    server.close_input();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received == answer);
    drop(client);
    server.end().ok();
}

/// A client that says nothing more, and does not say so: it waits with its end open.
#[test]
fn a_client_that_stays_open_gets_the_end_of_the_answer() {
    let scene = Scene::new();
    let server = scene.listen("./s", NO_ARGS).input("answer").start_listening();
    let mut client = scene.dial("s");
    let mut received = String::new();
    client.read_to_string(&mut received).unwrap();
    assert_eq!(received, "answer");
    client.write_all(b"thanks").unwrap();
    drop(client);
    server.end().ok().output("thanks");
}

/// A program with one thread that writes without blocking, as an event loop does, is not
/// blocked when the peer does not read.
#[test]
fn a_writer_that_does_not_block_is_not_blocked() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let mut client = scene.connect("./s", NO_ARGS).open_input().start();
    let (mut peer, _) = listener.accept().unwrap();
    let input = client.take_input();
    fcntl_setfl(&input, OFlags::NONBLOCK).unwrap();
    let bytes = data(20_000_000);
    let all = bytes.clone();
    let (input, written) = within_the_deadline(move || {
        let (mut written, mut blocked) = (0, 0);
        // It is full when it stays full for a while.
        while blocked < 100 {
            match rustix::io::write(&input, &all[written..]) {
                Ok(count) => (written, blocked) = (written + count, 0),
                Err(Errno::AGAIN) => {
                    blocked += 1;
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => panic!("{error}"),
            }
        }
        (input, written)
    })
    .expect("writing does not block");
    assert!(written < bytes.len());
    drop(input);
    let mut received = Vec::new();
    peer.set_read_timeout(Some(DEADLINE)).unwrap();
    peer.read_to_end(&mut received).unwrap();
    assert!(received == bytes[..written], "{} of {written} bytes", received.len());
    drop(peer);
    client.end().silent();
}

/// A reader that does not block is not blocked when the peer is silent.
#[test]
fn a_reader_that_does_not_block_is_not_blocked() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let mut client = scene.connect("./s", NO_ARGS).open_input().unread_output().start();
    let (mut peer, _) = listener.accept().unwrap();
    let output = client.take_output();
    fcntl_setfl(&output, OFlags::NONBLOCK).unwrap();
    within_the_deadline(move || {
        let mut buffer = [0; 100];
        for piece in ["one", "two", "three"] {
            peer.write_all(piece.as_bytes()).unwrap();
            let read = loop {
                match rustix::io::read(&output, &mut buffer) {
                    Err(Errno::AGAIN) => thread::yield_now(),
                    result => break result.unwrap(),
                }
            };
            assert_eq!(&buffer[..read], piece.as_bytes());
            assert_eq!(rustix::io::read(&output, &mut buffer), Err(Errno::AGAIN));
        }
    })
    .expect("reading does not block");
    client.end().silent();
}
