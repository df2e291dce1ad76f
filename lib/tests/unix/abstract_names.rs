//! Abstract names of Linux.

use crate::harness::{NOBODY, assert_kind, unique_word, within_deadline};
use local_socket::{
    GenericNamespaced, ListenerOptions, Name, OnConflict, Stream, ToNsName as _,
    error::{Holder, NameProblem, Obstacle, SocketError},
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
            // All bytes of a name are significant.
            let longer = [&bytes[..], b"\0"].concat();
            let longer = AbstractNsUdSocket::from_bytes(&longer).unwrap();
            assert_kind(Stream::connect(longer), NOBODY);
            assert_eq!(Name::parse(&name.to_string()).unwrap(), name);
        }
        // A name may begin with NUL, like the address that contains it.
        let bytes = [b"\0", word.as_bytes()].concat();
        let name = AbstractNsUdSocket::from_bytes(&bytes).unwrap();
        let _listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
        Stream::connect(name).unwrap();
    });
}

#[test]
fn abstract_names_are_those_of_the_standard_library() {
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
fn abstract_names_from_bytes_have_a_length_limit() {
    let problem = |bytes: &[u8]| AbstractNsUdSocket::from_bytes(bytes).unwrap_err().problem();
    assert_eq!(problem(b""), NameProblem::Empty);
    assert!(matches!(problem(&[0; 108]), NameProblem::TooLong { length: 108, limit: 107, .. }));
    AbstractNsUdSocket::from_bytes(&[0; 107]).unwrap();
    // Text cannot contain NULs, although an abstract name could.
    assert_kind("a\0".to_ns_name::<AbstractNsUdSocket>(), &[ErrorKind::InvalidInput]);
}

/// A name with a line break looks like another line in `/proc/net/unix`. It must not make another
/// process appear as the server of a name.
#[test]
fn the_server_in_an_error_cannot_be_forged() {
    within_deadline(|| {
        let folder = super::files::Folder::new();
        // The servers are other processes, so that the holder can be identified.
        let listen = |name: &str| {
            let job = super::child::Job::new("listen and stay").with("name", name);
            let mut job = job.start();
            assert_eq!(job.next_line().unwrap(), "listens");
            job
        };
        let word = unique_word();
        let file = folder.path().into_os_string().into_string().unwrap();
        let servers = [(listen(&format!("@{word}")), &word), (listen(&file), &file)];

        // The forged lines name this process as the server of both.
        let ours = UnixListener::bind(folder.root().join("b.sock")).unwrap();
        let inode = rustix::fs::fstat(&ours).unwrap().st_ino;
        let mut forged = Vec::new();
        for number in 10..42 {
            for text in [format!("@{word}"), file.clone()] {
                let line = format!("{number}\n0: 2 0 1 1 1 {inode} {text}");
                forged.push(
                    SocketAddr::from_abstract_name(line)
                        .and_then(|address| UnixListener::bind_addr(&address)),
                );
            }
        }
        assert!(forged.iter().all(Result::is_ok), "{forged:?}");

        for (server, text) in &servers {
            let name = if *text == &word { format!("@{word}") } else { file.clone() };
            let name = Name::parse(&name).unwrap();
            let options = ListenerOptions::new().name(name).on_conflict(OnConflict::ReplaceStale);
            let error = assert_kind(options.create_sync(), &[ErrorKind::AddrInUse]);
            match SocketError::of(&error).unwrap().obstacle() {
                Some(Obstacle::LiveServer(Some(Holder::Process { pid, .. }))) => {
                    assert_eq!(*pid, server.pid(), "{error}");
                }
                obstacle => panic!("{obstacle:?}"),
            }
        }
    });
}

/// If a process may not be examined, at least its user is named.
#[test]
fn the_user_of_a_hidden_server_is_named() {
    within_deadline(|| {
        if !super::child::is_root() {
            return;
        }
        let word = unique_word();
        let _listener = ListenerOptions::new()
            .name(word.clone().to_ns_name::<GenericNamespaced>().unwrap())
            .create_sync()
            .unwrap();
        let job = super::child::Job::new("listen and stay").with("name", format!("@{word}"));
        let lines = job.by_ordinary_user().run();
        assert!(lines[0].ends_with("a live server holds the name: uid 0"), "{lines:?}");
    });
}

/// The job of these tests: listens until its standard input ends.
pub(super) fn listen_and_stay() {
    let name = super::child::argument("name").into_string().unwrap();
    let options = ListenerOptions::new().name(Name::parse(&name).unwrap());
    match options.on_conflict(OnConflict::ReplaceStale).create_sync() {
        Ok(_listener) => {
            super::child::tell("listens");
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        Err(error) => super::child::tell(&error.to_string()),
    }
}
