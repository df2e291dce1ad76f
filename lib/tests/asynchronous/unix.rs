//! Descriptors, tokio's types and socket files on Unix.

use super::block_on;
use crate::{
    harness::{NOBODY, assert_kind, within_deadline},
    unix::files::Folder,
};
use local_socket::{
    OnConflict,
    os::unix::{self, ListenerOptionsExt as _, tokio as uds},
    tokio::{Listener, Stream},
    traits::tokio::{Listener as _, Stream as _},
};
use std::{
    io::ErrorKind,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::PermissionsExt as _,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
};

fn run(test: impl AsyncFnOnce(Folder) + Send + 'static) {
    within_deadline(|| block_on(test(Folder::new())));
}

#[test]
fn options_hold_for_both_sides() {
    run(async |folder| {
        let listener = folder.options().mode(0o640).create_tokio().unwrap();
        let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640);
        let refused = folder.options().on_conflict(OnConflict::ReplaceStale).create_tokio();
        assert_kind(refused, &[ErrorKind::AddrInUse]);
        let successor = folder.options().try_overwrite(true).create_tokio().unwrap();
        // The file is the successor's now.
        drop(listener);
        assert_eq!(folder.entries(), ["a.sock"]);
        drop(successor);
        assert_eq!(folder.entries(), [""; 0]);
    });
}

#[test]
fn a_stale_file_is_taken_over_and_other_files_are_not() {
    run(async |folder| {
        drop(folder.options().reclaim_name(false).create_tokio().unwrap());
        assert_eq!(folder.entries(), ["a.sock"]);
        assert_kind(folder.options().create_tokio(), &[ErrorKind::AddrInUse]);
        let options = folder.options().on_conflict(OnConflict::ReplaceStale);
        drop(options.create_tokio().unwrap());
        std::fs::write(folder.path(), "precious").unwrap();
        for on_conflict in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
            let refused = folder.options().on_conflict(on_conflict).create_tokio();
            assert_kind(refused, &[ErrorKind::AddrInUse]);
        }
        assert_eq!(std::fs::read(folder.path()).unwrap(), b"precious");
    });
}

#[test]
fn the_socket_file_can_be_kept() {
    run(async |folder| {
        let mut listener = folder.options().create_tokio().unwrap();
        listener.do_not_reclaim_name_on_drop();
        drop(listener);
        assert_eq!(folder.entries(), ["a.sock"]);
        assert_kind(Stream::connect(folder.name()).await, NOBODY);
    });
}

/// No more clients can connect, and clients that have connected before are still accepted.
#[test]
fn no_client_connects_after_the_name_is_removed() {
    run(async |folder| {
        let listener = folder.options().create_tokio().unwrap();
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(Stream::connect(folder.name()).await.unwrap());
        }
        for client in &mut clients {
            client.write_all(b"x").await.unwrap();
        }
        // One of them has sent data and disconnected.
        drop(clients.pop());
        listener.give_up_name();
        assert_eq!(folder.entries(), [""; 0]);
        assert_kind(Stream::connect(folder.name()).await, NOBODY);
        for _ in 0..3 {
            let mut server = listener.accept().await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
            // The peer may have disconnected already.
            let _ = server.write_all(b"y").await;
        }
        for client in &mut clients {
            client.read_exact(&mut [0]).await.unwrap();
        }
        // From now on the name is free, and the listener does not remove a successor's file.
        let successor = folder.options().create_tokio().unwrap();
        listener.give_up_name();
        drop(listener);
        assert_eq!(folder.entries(), ["a.sock"]);
        let (client, server) = tokio::join!(Stream::connect(folder.name()), successor.accept());
        drop((client.unwrap(), server.unwrap()));
    });
}

/// It removes the same file that dropping the listener would remove.
#[test]
fn only_the_own_file_is_removed() {
    run(async |folder| {
        let listener = folder.options().create_tokio().unwrap();
        let successor = folder.options().try_overwrite(true).create_tokio().unwrap();
        listener.give_up_name();
        assert_eq!(folder.entries(), ["a.sock"]);
        drop((listener, successor));
        assert_eq!(folder.entries(), [""; 0]);

        let mut listener = folder.options().create_tokio().unwrap();
        listener.do_not_reclaim_name_on_drop();
        listener.give_up_name();
        assert_eq!(folder.entries(), ["a.sock"]);
        // The name still leads to the listener.
        let (client, server) = tokio::join!(Stream::connect(folder.name()), listener.accept());
        drop((client.unwrap(), server.unwrap()));
    });
}

#[test]
fn listeners_convert_to_other_types_and_back() {
    run(async |folder| {
        // A synchronous listener passes on its file, which is removed with the asynchronous one.
        let sync: unix::Listener = folder.options().create_sync_as().unwrap();
        let listener = uds::Listener::try_from(sync).unwrap();
        assert_eq!(listener.local_name().unwrap(), folder.name());
        let (_client, server) = tokio::join!(Stream::connect(folder.name()), listener.accept());
        server.unwrap();
        drop(listener);
        assert_eq!(folder.entries(), [""; 0]);

        // Converting to a descriptor keeps the file.
        let listener: uds::Listener = folder.options().create_tokio_as().unwrap();
        assert!(listener.inner().local_addr().unwrap().as_pathname().is_some());
        let fd = OwnedFd::try_from(listener).unwrap();
        let listener = Listener::from(uds::Listener::try_from(fd).unwrap());
        assert_eq!(listener.local_name().unwrap(), folder.name());
        let (client, server) = tokio::join!(Stream::connect(folder.name()), listener.accept());
        drop((client.unwrap(), server.unwrap(), listener));
        assert_eq!(folder.entries(), ["a.sock"]);

        let other = UnixListener::bind(folder.path().with_extension("other")).unwrap();
        let listener = uds::Listener::from(other);
        let _: UnixListener = listener.into();
    });
}

#[test]
fn streams_convert_to_other_types_and_back() {
    run(async |_| {
        let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut one = Stream::from(uds::Stream::try_from(OwnedFd::from(one)).unwrap());
        let other = uds::Stream::try_from(unix::Stream::from(other)).unwrap();
        let mut other: UnixStream = other.into();
        one.write_all(b"x").await.unwrap();
        other.read_exact(&mut [0]).await.unwrap();
        let mut other = uds::Stream::from(other);
        assert!(other.inner().peer_addr().unwrap().is_unnamed());
        assert!(other.inner_mut().try_read(&mut [0]).is_err());
        other.write_all(b"y").await.unwrap();
        one.read_exact(&mut [0]).await.unwrap();
        let _: OwnedFd = other.try_into().unwrap();
        assert_eq!(one.read(&mut [0]).await.unwrap(), 0);
    });
}

#[test]
fn halves_convert_to_the_types_of_tokio_and_back() {
    run(async |_| {
        let (one, mut other) = uds::Stream::pair().unwrap();
        let (rh, sh) = one.split();
        assert!(rh.as_tokio().peer_addr().is_ok());
        assert!(sh.as_tokio().local_addr().is_ok());
        // tokio's type shuts down its direction when it is dropped.
        drop(sh.into_tokio());
        assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
        other.write_all(b"x").await.unwrap();
        rh.into_tokio().read_exact(&mut [0]).await.unwrap();
    });
}

#[test]
fn descriptors_close_on_exec() {
    use rustix::io::{FdFlags, fcntl_getfd};
    run(async |folder| {
        let listener: uds::Listener = folder.options().create_tokio_as().unwrap();
        let options = local_socket::ConnectOptions::new().name(folder.name());
        let client: uds::Stream = options.connect_tokio_as().await.unwrap();
        let server = listener.accept().await.unwrap();
        for fd in [listener.as_fd(), client.as_fd(), server.as_fd()] {
            assert!(fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
        }
    });
}

/// Without matching the variant.
#[test]
fn enums_convert_as_their_variants_do() {
    run(async |folder| {
        let listener = Listener::try_from(folder.options().create_sync().unwrap()).unwrap();
        let client = Stream::connect(folder.name()).await.unwrap();
        let client = Stream::try_from(OwnedFd::try_from(client).unwrap()).unwrap();
        let mut client = Stream::from(UnixStream::from(client));
        let sync = local_socket::Stream::pair().unwrap().0;
        drop(Stream::try_from(sync).unwrap());
        let listener = Listener::try_from(OwnedFd::try_from(listener).unwrap()).unwrap();
        let listener = Listener::from(UnixListener::from(listener));
        let mut server = listener.accept().await.unwrap();
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        let fds = [listener.as_fd(), client.as_fd(), server.as_fd()];
        assert!(fds.iter().all(|fd| rustix::io::fcntl_getfd(fd).is_ok()));
        let (rh, sh) = client.split();
        assert!(rustix::io::fcntl_getfd(rh.as_fd()).is_ok());
        assert!(rustix::io::fcntl_getfd(sh.as_fd()).is_ok());
    });
}
