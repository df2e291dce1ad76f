//! Abstract names of Linux.

use crate::harness::{NOBODY, assert_kind, unique_word, within_deadline};
use local_socket::{
    GenericNamespaced, ListenerOptions, Name, Stream, ToNsName as _,
    error::NameProblem,
    os::unix::AbstractNsUdSocket,
    traits::{Listener as _, Stream as _, StreamCommon as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
};

#[test]
fn any_bytes_are_a_name() {
    within_deadline(|| {
        let word = unique_word();
        for end in [&b"\0"[..], b"\0\0x", b"\xff\xfe", b"/a/b", b"\n\x1b[2J", b""] {
            let bytes = [word.as_bytes(), end].concat();
            let name = AbstractNsUdSocket::from_bytes(&bytes).unwrap();
            assert_eq!(name.as_bytes(), bytes);
            let listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
            let mut client = Stream::connect(name.borrow()).unwrap();
            assert_eq!(client.peer_name().unwrap(), Some(name.clone()));
            let mut server = listener.accept().unwrap();
            client.write_all(b"x").unwrap();
            server.read_exact(&mut [0]).unwrap();
            // Every byte counts.
            let longer = [&bytes[..], b"\0"].concat();
            let longer = AbstractNsUdSocket::from_bytes(&longer).unwrap();
            assert_kind(Stream::connect(longer), NOBODY);
            assert_eq!(Name::parse(&name.to_string()).unwrap(), name);
        }
        // A name may begin with NUL, as the address that it stands in does.
        let bytes = [b"\0", word.as_bytes()].concat();
        let name = AbstractNsUdSocket::from_bytes(&bytes).unwrap();
        let _listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
        Stream::connect(name).unwrap();
    });
}

#[test]
fn they_are_those_of_everybody_else() {
    within_deadline(|| {
        let word = unique_word();
        for word in [word.clone(), format!("{word:a<107}")] {
            let name = word.as_str().to_ns_name::<GenericNamespaced>().unwrap();
            let address = SocketAddr::from_abstract_name(&word).unwrap();
            let listener = UnixListener::bind_addr(&address).unwrap();
            let mut client = Stream::connect(name.borrow()).unwrap();
            client.write_all(b"x").unwrap();
            listener.accept().unwrap().0.read_exact(&mut [0]).unwrap();
            drop(listener);
            let listener = ListenerOptions::new().name(name).create_sync().unwrap();
            let mut client = UnixStream::connect_addr(&address).unwrap();
            client.write_all(b"x").unwrap();
            listener.accept().unwrap().read_exact(&mut [0]).unwrap();
        }
    });
}

#[test]
fn bytes_are_limited_too() {
    let problem = |bytes: &[u8]| AbstractNsUdSocket::from_bytes(bytes).unwrap_err().problem();
    assert_eq!(problem(b""), NameProblem::Empty);
    assert!(matches!(problem(&[0; 108]), NameProblem::TooLong { length: 108, limit: 107, .. }));
    AbstractNsUdSocket::from_bytes(&[0; 107]).unwrap();
    // Text does not hold NULs, even if an abstract name could.
    assert_kind("a\0".to_ns_name::<AbstractNsUdSocket>(), &[ErrorKind::InvalidInput]);
}
