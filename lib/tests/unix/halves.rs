//! Clones of halves.

use crate::harness::within_deadline;
use local_socket::{RecvHalf, SendHalf, Stream, os::unix::Stream as UdStream, traits::Stream as _};
use std::{
    io::{Read as _, Write as _},
    sync::Arc,
};

#[test]
fn a_stream_with_clones_of_its_halves_is_not_reunited() {
    within_deadline(|| {
        let (one, mut other) = UdStream::pair().unwrap();
        let (receive, send) = one.split();
        let clones = (receive.clone(), send.clone());
        let error = UdStream::reunite(receive, send).unwrap_err();
        drop(clones.0);
        let error = UdStream::reunite(error.rh, error.sh).unwrap_err();
        // The failed attempt has lost nothing.
        (&error.sh).write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
        drop(clones.1);
        let mut one = UdStream::reunite(error.rh, error.sh).unwrap();
        one.write_all(b"y").unwrap();
        other.read_exact(&mut [0]).unwrap();
    });
}

#[test]
fn portable_halves_with_a_clone_are_not_reunited() {
    let (one, _other) = UdStream::pair().unwrap();
    let (receive, send) = one.split();
    let clone = receive.clone();
    let error = Stream::reunite(RecvHalf::from(receive), SendHalf::from(send)).unwrap_err();
    drop(clone);
    Stream::reunite(error.rh, error.sh).unwrap();
}

#[test]
fn halves_share_their_stream() {
    let (one, _other) = UdStream::pair().unwrap();
    let (receive, send) = one.split();
    assert!(Arc::ptr_eq(receive.as_arc(), send.as_arc()));
    assert!(std::ptr::eq(receive.as_stream(), send.as_stream()));
    drop(receive);
    Arc::try_unwrap(send.into_arc()).unwrap();
}
