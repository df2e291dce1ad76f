//! Conversions of streams and listeners from and to handles.

use super::*;
use crate::{RecvHalf, SendHalf, TryClone as _, error::FromHandleError, os::windows::pipe::Pipe};
use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    os::windows::io::{AsHandle, AsRawHandle as _, OwnedHandle},
};

fn text(mut from: impl Read, len: usize) -> String {
    let mut text = vec![0; len];
    from.read_exact(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn enums_convert_to_handles() {
    let (one, other) = crate::Stream::pair().unwrap();
    within_deadline(move || {
        let raw = one.as_handle().as_raw_handle();
        let mut clone = one.try_clone().unwrap();
        clone.write_all(b"clone").unwrap();
        assert_eq!(text(&other, 5), "clone");
        drop(clone);

        let (rh, sh): (RecvHalf, SendHalf) = one.split();
        assert_eq!(rh.as_handle().as_raw_handle(), raw);
        assert_eq!(sh.as_handle().as_raw_handle(), raw);
        let one = crate::Stream::reunite(rh, sh).unwrap();

        let handle = OwnedHandle::from(one);
        assert_eq!(handle.as_raw_handle(), raw, "the only one is the handle itself");
        let mut one = crate::Stream::try_from(handle).unwrap();
        one.write_all(b"again").unwrap();
        assert_eq!(text(&other, 5), "again");
        (&other).write_all(b"back").unwrap();
        assert_eq!(text(&one, 4), "back");
    });
}

/// Converts a handle that has to be refused; returns the error and the handle in it.
fn refused(handle: OwnedHandle) -> (FromHandleError, OwnedHandle) {
    let raw = handle.as_raw_handle();
    let mut error = crate::Stream::try_from(handle).unwrap_err();
    let handle = error.source.take().unwrap();
    assert_eq!(handle.as_raw_handle(), raw);
    assert!(error.cause.is_some());
    (error, handle)
}

#[test]
fn handles_of_other_objects_are_refused() {
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let (_, handle) = refused(file.into());
    assert_eq!(text(File::from(handle), 2), "MZ");
}

#[test]
fn handles_that_are_not_overlapped_are_refused() {
    let name = unique();
    let listener = listen(&name);
    let client = raw::client(&name);
    let mut server = listener.accept().unwrap();
    within_deadline(move || {
        let (error, handle) = refused(client.into());
        assert_eq!(error.to_io_error().kind(), ErrorKind::InvalidInput, "{error}");
        server.write_all(b"still").unwrap();
        assert_eq!(text(File::from(handle), 5), "still");
    });
    let (error, _) = refused(raw::byte_server(&unique()));
    assert_eq!(error.to_io_error().kind(), ErrorKind::InvalidInput, "{error}");
}

#[test]
fn handles_for_one_direction_are_accepted() {
    let name = unique();
    let listener = listen(&name);
    let mut client = crate::Stream::try_from(raw::overlapped_reader(&name)).unwrap();
    let mut server = listener.accept().unwrap();
    within_deadline(move || {
        assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        server.write_all(b"back").unwrap();
        server.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        assert_eq!(all, "back");
    });
}

#[test]
fn handles_that_allow_neither_reading_nor_writing_are_refused() {
    let name = unique();
    let _listener = listen(&name);
    let (error, _) = refused(raw::overlapped_client_without_data(&name));
    assert_eq!(error.to_io_error().kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn overlapped_handles_of_other_programs_are_accepted() {
    let name = unique();
    let listener = listen(&name);
    let mut client = crate::Stream::try_from(raw::overlapped_client(&name)).unwrap();
    let mut server = listener.accept().unwrap();
    within_deadline(move || {
        client.set_recv_timeout(Some(Duration::from_millis(1))).unwrap();
        let kind = client.read(&mut [0]).unwrap_err().kind();
        assert!([ErrorKind::TimedOut, ErrorKind::WouldBlock].contains(&kind));
        client.write_all(b"there").unwrap();
        assert_eq!(text(&server, 5), "there");
        server.write_all(b"back").unwrap();
        server.shutdown(std::net::Shutdown::Write).unwrap();
        client.set_recv_timeout(None).unwrap();
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        assert_eq!(all, "back");
    });
}

#[test]
fn a_listener_converts_to_its_first_instance() {
    let name = unique();
    let client_first = |client: bool| {
        let listener = crate::Listener::from(listen(&name));
        let connected = client.then(|| connect(&name));
        (Pipe::from(OwnedHandle::from(listener)), connected)
    };
    let (pipe, client) = client_first(true);
    assert!(pipe.info().unwrap().is_server);
    within_deadline(move || {
        client.unwrap().write_all(b"first").unwrap();
        assert_eq!(text(Stream::try_from(OwnedHandle::from(pipe)).unwrap(), 5), "first");
    });
    let (pipe, _) = client_first(false);
    assert!(pipe.info().unwrap().is_server);
    drop(pipe);

    let listener = listen(&name);
    listener.close().unwrap();
    assert!(Pipe::from(OwnedHandle::from(listener)).info().is_err(), "there is none any more");
}
