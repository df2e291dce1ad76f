//! Conversions of descriptors, and close-on-exec.

use super::files::Folder;
use crate::harness::{assert_kind, within_deadline};
use local_socket::{
    Listener, RecvHalf, SendHalf, Stream, TryClone as _,
    os::unix::{
        Listener as UdListener, RecvHalf as UdRecvHalf, SendHalf as UdSendHalf, Stream as UdStream,
        inherited::Inherited,
    },
    traits::{Listener as _, ListenerNonblockingMode, Stream as _},
};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    io::{FdFlags, fcntl_getfd},
};
use std::{
    fmt::Debug,
    io::{ErrorKind, Read as _, Write as _},
    os::{
        fd::{AsFd, AsRawFd as _, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    panic::UnwindSafe,
    process::Command,
    time::Duration,
};

fn ud_stream(stream: Stream) -> UdStream {
    let Stream::UdSocket(stream) = stream;
    stream
}

fn ud_listener(listener: Listener) -> UdListener {
    let Listener::UdSocket(listener) = listener;
    listener
}

/// Returns a listener and both ends of a connection to it.
fn sockets(folder: &Folder) -> (Listener, Stream, Stream) {
    let listener = folder.listen();
    let client = Stream::connect(folder.name()).unwrap();
    let server = listener.accept().unwrap();
    (listener, client, server)
}

#[test]
fn all_descriptors_are_closed_on_exec() {
    within_deadline(|| {
        let folder = Folder::new();
        let (listener, client, server) = sockets(&folder);
        let clone = ud_stream(client.try_clone().unwrap());
        let (one, other) = Stream::pair().unwrap();
        let listener = ud_listener(listener);
        let streams = [client, server, one, other].map(ud_stream);
        let mut fds: Vec<_> = streams.iter().map(AsFd::as_fd).collect();
        fds.extend([listener.as_fd(), clone.as_fd()]);
        for fd in &fds {
            assert!(fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
        }
        // Also the descriptor that replaces the socket of a closed listener.
        listener.close().unwrap();
        assert!(fcntl_getfd(&listener).unwrap().contains(FdFlags::CLOEXEC));
    });
}

#[test]
#[cfg(target_os = "linux")]
fn children_inherit_no_descriptors() {
    within_deadline(|| {
        let folder = Folder::new();
        let (listener, client, server) = sockets(&folder);
        let listener = ud_listener(listener);
        let streams = [client, server].map(ud_stream);
        let ours: Vec<_> = streams
            .iter()
            .map(AsFd::as_fd)
            .chain([listener.as_fd()])
            .map(|fd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap())
            .collect();
        let output = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
        let listing = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && listing.contains("/proc/"), "{output:?}");
        for socket in ours {
            let socket = socket.to_str().unwrap();
            assert!(socket.starts_with("socket:"));
            assert!(!listing.contains(socket), "{socket} in\n{listing}");
        }
    });
}

#[test]
fn streams_convert_from_and_to_descriptors() {
    within_deadline(|| {
        let (one, other) = UnixStream::pair().unwrap();
        let number = one.as_raw_fd();
        let one = Stream::from(UdStream::from(one));
        let mut other = UdStream::from(OwnedFd::from(other));
        (&one).write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
        let mut one = ud_stream(one);
        assert_eq!(one.inner().as_raw_fd(), number);
        assert_eq!(one.inner_mut().as_raw_fd(), number);
        let std: UnixStream = one.into();
        (&std).write_all(b"y").unwrap();
        other.read_exact(&mut [0]).unwrap();
        let fd: OwnedFd = UdStream::from(std).into();
        assert_eq!(fd.as_raw_fd(), number);
        drop(fd);
        assert_eq!(other.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn halves_return_the_descriptor_of_their_stream() {
    let (one, _other) = UdStream::pair().unwrap();
    let number = one.as_fd().as_raw_fd();
    let (receive, send): (UdRecvHalf, _) = one.split();
    assert_eq!(receive.as_fd().as_raw_fd(), number);
    assert_eq!(send.as_fd().as_raw_fd(), number);
    assert_eq!(receive.as_stream().as_fd().as_raw_fd(), number);
}

#[test]
fn listeners_convert_from_descriptors() {
    within_deadline(|| {
        let folder = Folder::new();
        for by_fd in [false, true] {
            let std = UnixListener::bind(folder.path()).unwrap();
            let listener =
                if by_fd { UdListener::from(OwnedFd::from(std)) } else { UdListener::from(std) };
            let listener = Listener::from(listener);
            assert_eq!(listener.local_name().unwrap(), folder.name());
            let mut client = Stream::connect(folder.name()).unwrap();
            let mut server = listener.accept().unwrap();
            server.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
            // The listener does not own the file.
            drop(listener);
            assert_eq!(folder.entries(), ["a.sock"]);
            std::fs::remove_file(folder.path()).unwrap();
        }
    });
}

#[test]
fn listeners_convert_to_descriptors_and_keep_the_file() {
    within_deadline(|| {
        let folder = Folder::new();
        for by_fd in [false, true] {
            let mut listener = ud_listener(folder.listen());
            let number = listener.inner().as_raw_fd();
            assert_eq!(listener.inner_mut().as_raw_fd(), number);
            let std = if by_fd {
                UnixListener::from(OwnedFd::from(listener))
            } else {
                UnixListener::from(listener)
            };
            assert_eq!(std.as_raw_fd(), number);
            let _client = Stream::connect(folder.name()).unwrap();
            std.accept().unwrap();
            drop(std);
            assert_eq!(folder.entries(), ["a.sock"]);
            std::fs::remove_file(folder.path()).unwrap();
        }
    });
}

/// The implementation of a timeout is not visible outside.
#[test]
fn a_listener_with_a_timeout_converts_to_a_blocking_descriptor() {
    let is_nonblocking = |fd: &UnixListener| fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK);
    let folder = Folder::new();
    let listener = ud_listener(folder.listen());
    listener.set_accept_timeout(Some(Duration::from_secs(1))).unwrap();
    let std = UnixListener::from(listener);
    assert!(!is_nonblocking(&std));
    std::fs::remove_file(folder.path()).unwrap();
    let listener = ud_listener(folder.listen());
    listener.set_accept_timeout(Some(Duration::from_secs(1))).unwrap();
    listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
    assert!(is_nonblocking(&UnixListener::from(listener)));
}

#[test]
fn accepted_streams_are_nonblocking_after_set_new_stream_nonblocking() {
    within_deadline(|| {
        let folder = Folder::new();
        let listener = ud_listener(folder.listen());
        listener.set_new_stream_nonblocking(true);
        let _client = Stream::connect(folder.name()).unwrap();
        assert_kind(listener.accept().unwrap().read(&mut [0]), &[ErrorKind::WouldBlock]);
    });
}

/// Conversions and bounds of types. Compiling is the test.
#[test]
fn types_have_the_conversions_that_programs_rely_on() {
    fn both_ways<T: From<U>, U: From<T>>() {}
    fn into<T, U: TryFrom<T, Error = std::io::Error>>() {}
    fn everywhere<T: AsFd + Debug + Send + Sync + Unpin + UnwindSafe + 'static>() {}
    fn clones<T: Clone>() {}
    both_ways::<UdStream, OwnedFd>();
    both_ways::<UdStream, UnixStream>();
    both_ways::<UdListener, OwnedFd>();
    both_ways::<UdListener, UnixListener>();
    both_ways::<Stream, OwnedFd>();
    both_ways::<Stream, UnixStream>();
    both_ways::<Listener, OwnedFd>();
    both_ways::<Listener, UnixListener>();
    into::<Inherited, UdListener>();
    into::<Inherited, Listener>();
    everywhere::<UdStream>();
    everywhere::<UdListener>();
    everywhere::<UdRecvHalf>();
    everywhere::<UdSendHalf>();
    everywhere::<Stream>();
    everywhere::<Listener>();
    everywhere::<RecvHalf>();
    everywhere::<SendHalf>();
    everywhere::<Inherited>();
    clones::<UdRecvHalf>();
    clones::<UdSendHalf>();
}

#[test]
fn the_portable_types_convert_as_well() {
    within_deadline(|| {
        let folder = Folder::new();
        let listener = Listener::from(UnixListener::bind(folder.path()).unwrap());
        let number = listener.as_fd().as_raw_fd();
        let fd = OwnedFd::from(listener);
        assert_eq!(fd.as_raw_fd(), number);
        let listener = Listener::from(fd);
        let mut client = Stream::from(UnixStream::connect(folder.path()).unwrap());
        let server: UnixStream = listener.accept().unwrap().into();
        (&server).write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        let number = client.as_fd().as_raw_fd();
        let (receive, send) = Stream::from(OwnedFd::from(client)).split();
        assert_eq!(receive.as_fd().as_raw_fd(), number);
        assert_eq!(send.as_fd().as_raw_fd(), number);
        drop(UnixListener::from(listener));
        assert_eq!(folder.entries(), ["a.sock"]);
    });
}
