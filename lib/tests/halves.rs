use crate::harness::{Place, TOO_LATE, assert_kind, assert_same, pattern};
use local_socket::{
    RecvHalf, SendHalf, Stream,
    traits::{RecvHalf as _, SendHalf as _, Stream as _, StreamCommon as _},
};
use std::{
    io::{ErrorKind, IoSlice, IoSliceMut, Read as _, Write as _},
    thread,
    time::Duration,
};

on_every_kind! {
    halves_work_in_two_threads_and_reunite
    halves_of_different_streams_are_returned
    closing_a_half_shuts_down_its_direction
    dropping_the_send_half_shuts_down_nothing
    dropping_the_receive_half_shuts_down_nothing
    halves_have_timeouts
    halves_have_vectored_io
}

fn halves_work_in_two_threads_and_reunite(place: &Place) {
    let (one, other) = place.streams();
    let (to, fro) = (pattern(1_000_000), pattern(900_000));
    let ends = [(one, &to, &fro), (other, &fro, &to)].map(|(stream, sent, expected)| {
        let (sent, expected) = (sent.clone(), expected.clone());
        thread::spawn(move || {
            let (mut receive, mut send) = stream.split();
            let receiver = thread::spawn(move || {
                let mut got = vec![0; expected.len()];
                receive.read_exact(&mut got).unwrap();
                assert_same(&got, &expected);
                receive
            });
            let sender = thread::spawn(move || {
                send.write_all(&sent).unwrap();
                send.flush().unwrap();
                send
            });
            Stream::reunite(receiver.join().unwrap(), sender.join().unwrap()).unwrap()
        })
    });
    let [mut one, mut other] = ends.map(|thread| thread.join().unwrap());
    one.write_all(b"still there").unwrap();
    let mut buf = [0; 11];
    other.read_exact(&mut buf).unwrap();
    assert_eq!(&buf, b"still there");
    assert!(!one.peer_hung_up().unwrap());
}

fn halves_of_different_streams_are_returned(place: &Place) {
    // After its listener was closed, the name of a pipe is in use as long as a stream is open.
    let listener = place.listen();
    let (one, one_peer) = place.connected(&listener);
    let (other, other_peer) = place.connected(&listener);
    let (one_receive, one_send) = one.split();
    let (other_receive, other_send) = other.split();
    let error = Stream::reunite(one_receive, other_send).unwrap_err();
    assert_eq!(error.to_string(), "the halves are not of one stream");
    let (one_receive, other_send) = (error.rh, error.sh);
    let mut one = Stream::reunite(one_receive, one_send).unwrap();
    let mut other = Stream::reunite(other_receive, other_send).unwrap();
    for (stream, mut peer) in [(&mut one, one_peer), (&mut other, other_peer)] {
        stream.write_all(b"x").unwrap();
        peer.read_exact(&mut [0]).unwrap();
        peer.write_all(b"y").unwrap();
        stream.read_exact(&mut [0]).unwrap();
    }
    // The two ends of one connection are different streams, too.
    let (client, server) = place.connected(&listener);
    let ((receive, _send), (_receive, send)) = (client.split(), server.split());
    Stream::reunite(receive, send).unwrap_err();
}

fn closing_a_half_shuts_down_its_direction(place: &Place) {
    let (one, mut other) = place.streams();
    let (mut receive, mut send) = one.split();
    send.write_all(b"question").unwrap();
    send.close().unwrap();
    assert_kind(send.write(b"more"), &[ErrorKind::BrokenPipe]);
    let mut text = String::new();
    other.read_to_string(&mut text).unwrap();
    assert_eq!(text, "question");
    other.write_all(b"answer").unwrap();
    drop(other);
    text.clear();
    receive.read_to_string(&mut text).unwrap();
    assert_eq!(text, "answer");
}

fn dropping_the_send_half_shuts_down_nothing(place: &Place) {
    let (one, mut other) = place.streams();
    let (mut receive, send) = one.split();
    drop(send);
    other.set_recv_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_kind(other.read(&mut [0]), TOO_LATE);
    other.write_all(b"x").unwrap();
    receive.read_exact(&mut [0]).unwrap();
    drop(receive);
    other.set_recv_timeout(None).unwrap();
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
}

fn dropping_the_receive_half_shuts_down_nothing(place: &Place) {
    let (one, mut other) = place.streams();
    let (receive, mut send) = one.split();
    drop(receive);
    send.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
    other.write_all(b"x").unwrap();
    drop(send);
}

fn halves_have_timeouts(place: &Place) {
    let (one, other) = place.streams();
    let (mut receive, mut send) = one.split();
    receive.set_timeout(Some(Duration::from_millis(30))).unwrap();
    assert_kind(receive.read(&mut [0]), TOO_LATE);
    send.set_timeout(Some(Duration::from_millis(30))).unwrap();
    let error = (0..10_000).find_map(|_| send.write(&[0; 4096]).err());
    assert_kind(error.map_or(Ok(()), Err), TOO_LATE);
    assert_kind(receive.set_timeout(Some(Duration::ZERO)), &[ErrorKind::InvalidInput]);
    assert_kind(send.set_timeout(Some(Duration::ZERO)), &[ErrorKind::InvalidInput]);
    drop(other);
}

fn halves_have_vectored_io(place: &Place) {
    let ((one, other), mut parts) = (place.streams(), ([0; 3], [0; 4]));
    let ((receive, _keep), (_keep_too, send)) = (one.split(), other.split());
    let write =
        |mut send: &SendHalf| send.write_vectored(&[IoSlice::new(b"one"), IoSlice::new(b"four")]);
    let mut read = |mut receive: &RecvHalf| {
        let (first, second) = (&mut parts.0, &mut parts.1);
        receive.read_vectored(&mut [IoSliceMut::new(first), IoSliceMut::new(second)])
    };
    assert_eq!(write(&send).unwrap(), 7);
    assert_eq!(read(&receive).unwrap(), 7);
    assert_eq!(parts, (*b"one", *b"four"));
}
