//! The library makes the same system calls as the sockets of std and tokio, for each task.
//!
//! A child does the same work with each of them under `strace`. Calls without an effect mark the
//! end of each piece of work.

use super::child::{Job, argument, tell};
use crate::{asynchronous::block_on, harness::within_deadline};
use std::{
    collections::BTreeMap,
    fs,
    io::{IoSlice, IoSliceMut, Read as _, Write as _},
    net::Shutdown,
    path::{Path, PathBuf},
    time::Duration,
};

const MARK: &str = "/local-socket-mark/";

/// Marks the end of this piece of work, which begins at the last mark.
fn mark(work: &str) {
    assert!(fs::symlink_metadata(format!("{MARK}{work}")).is_err());
}

/// The calls of each piece of work, in order.
type Calls = BTreeMap<String, Vec<String>>;

/// Runs the work of one implementation in a child. Returns its calls.
fn calls(way: &str) -> Calls {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let job = Job::new("system calls").with("way", way).with("folder", folder.path());
    assert_eq!(job.traced_to(&trace).run(), ["done"]);
    let trace = fs::read_to_string(trace).unwrap();
    let (mut calls, mut since) = (Calls::new(), Vec::new());
    // Only the thread that sets the marks: `TID CALL(ARGUMENTS...`.
    let thread = trace.lines().find(|line| line.contains(MARK)).expect("a mark");
    let (thread, _) = thread.split_once(' ').unwrap();
    for line in trace.lines() {
        let Some((tid, call)) = line.split_once(' ') else { continue };
        // The end of a call that another thread has interrupted: `TID <... CALL resumed>...`.
        if call.trim().starts_with("<...") {
            continue;
        }
        let (Some((name, arguments)), true) = (call.trim().split_once('('), tid == thread) else {
            continue;
        };
        match arguments.split_once(MARK) {
            Some((_, rest)) => {
                let calls_since = std::mem::take(&mut since);
                // The calls before the first mark belong to the start of the process.
                match rest.split('"').next().unwrap() {
                    "start" => {}
                    work => drop(calls.insert(work.to_owned(), calls_since)),
                }
            }
            None => since.push(name.to_owned()),
        }
    }
    assert!(calls.len() > 5, "{trace}");
    calls
}

/// Compares all pieces of work but the named ones. Returns the calls of those: ours and theirs.
fn compare<const N: usize>(
    ours: &str,
    theirs: &str,
    but: [&str; N],
) -> Option<[[Vec<String>; 2]; N]> {
    if !has_strace() {
        return None;
    }
    let (mut ours, mut theirs) = (calls(ours), calls(theirs));
    let but = but.map(|work| [ours.remove(work).unwrap(), theirs.remove(work).unwrap()]);
    for (work, theirs) in &theirs {
        assert_eq!(ours.get(work), Some(theirs), "{work}");
    }
    assert_eq!(ours.len(), theirs.len());
    Some(but)
}

/// Without strace the test is skipped with a message; if all peers are required, it fails.
fn has_strace() -> bool {
    let is_here = std::process::Command::new("strace").arg("-V").output().is_ok();
    if !is_here {
        assert!(std::env::var_os("LSOCK_REQUIRE_PEERS").is_none(), "strace is not installed");
        eprintln!("left out: strace is not installed");
    }
    is_here
}

#[test]
fn streams_make_the_same_system_calls_as_std() {
    within_deadline(|| {
        let but = ["listen", "vectored"];
        let Some([[ours, mut theirs], vectored]) = compare("ours", "std", but) else { return };
        // A listener also has to find out which file is its own, and its creator.
        let bind = theirs.iter().position(|call| call == "bind").unwrap();
        theirs.splice(bind + 1..=bind, ["newfstatat".to_owned(), "getpid".to_owned()]);
        assert_eq!(ours, theirs);
        assert_sends_without_a_signal(&vectored);
    });
}

#[test]
fn asynchronous_streams_make_the_same_system_calls_as_tokio() {
    within_deadline(|| {
        let but = ["listen", "connect", "accept", "vectored"];
        let compared = compare("ours, tokio", "tokio", but);
        let Some([_, connect, accept, vectored]) = compared else { return };
        assert_sends_without_a_signal(&vectored);
        // tokio waits for a connection that is there already. The wait is part of the next call
        // then.
        let count = |side: usize| connect[side].len() + accept[side].len();
        assert!(count(0) <= count(1), "{connect:?} {accept:?}");
    });
}

/// Only `sendmsg(2)` can prevent the signal of `writev(2)`. All else is the same.
#[track_caller]
fn assert_sends_without_a_signal([ours, theirs]: &[Vec<String>; 2]) {
    let theirs = theirs.iter().map(|call| if call == "writev" { "sendmsg" } else { call });
    assert!(ours.iter().eq(theirs), "{ours:?}");
    assert!(ours.iter().any(|call| call == "sendmsg"), "{ours:?}");
}

/// The job.
pub(super) fn make_calls() {
    let path = PathBuf::from(argument("folder")).join("s");
    match argument("way").to_str().unwrap() {
        "std" => std_calls(&path),
        "ours" => our_calls(&path),
        "tokio" => block_on(tokio_calls(&path)),
        "ours, tokio" => block_on(our_tokio_calls(&path)),
        way => panic!("{way}"),
    }
    tell("done");
}

/// The work on two connected streams.
macro_rules! work {
    ($client:ident, $server:ident, $set_timeouts:expr) => {{
        let (mut buf, mut more) = ([0; 64], [0; 100]);
        for _ in 0..3 {
            $client.write_all(&[1; 64]).unwrap();
            $server.read_exact(&mut buf).unwrap();
        }
        mark("write and read");
        let len = $client.write_vectored(&[IoSlice::new(&[1; 10]), IoSlice::new(&[2; 90])]);
        assert_eq!(len.unwrap(), 100);
        let mut bufs = [IoSliceMut::new(&mut buf), IoSliceMut::new(&mut more)];
        assert_eq!($server.read_vectored(&mut bufs).unwrap(), 100);
        mark("vectored");
        $client.flush().unwrap();
        mark("flush");
        $set_timeouts(&$client);
        mark("timeouts");
        $client.set_nonblocking(true).unwrap();
        assert!($client.read(&mut buf).is_err());
        $client.set_nonblocking(false).unwrap();
        mark("non-blocking");
        assert!($client.take_error().unwrap().is_none());
        mark("take_error");
        let clone = $client.try_clone().unwrap();
        drop(clone);
        mark("clone");
        $client.shutdown(Shutdown::Write).unwrap();
        assert_eq!($server.read(&mut buf).unwrap(), 0);
        mark("half-close");
        drop($client);
        drop($server);
        mark("close");
    }};
}

fn std_calls(path: &Path) {
    use std::os::unix::net::{UnixListener, UnixStream};
    mark("start");
    let listener = UnixListener::bind(path).unwrap();
    mark("listen");
    let mut client = UnixStream::connect(path).unwrap();
    mark("connect");
    let (mut server, _) = listener.accept().unwrap();
    mark("accept");
    work!(client, server, |client: &UnixStream| {
        client.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
        client.set_write_timeout(None).unwrap();
    });
}

fn our_calls(path: &Path) {
    use local_socket::{GenericFilePath, ListenerOptions, Stream, TryClone as _, prelude::*};
    let name = path.to_fs_name::<GenericFilePath>().unwrap();
    mark("start");
    let listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
    mark("listen");
    let mut client = Stream::connect(name).unwrap();
    mark("connect");
    let mut server = listener.accept().unwrap();
    mark("accept");
    work!(client, server, |client: &Stream| {
        client.set_recv_timeout(Some(Duration::from_secs(9))).unwrap();
        client.set_send_timeout(None).unwrap();
    });
}

macro_rules! async_work {
    ($client:ident, $server:ident) => {{
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut buf = [0; 64];
        for _ in 0..3 {
            $client.write_all(&[1; 64]).await.unwrap();
            $server.read_exact(&mut buf).await.unwrap();
            $server.write_all(&[1; 64]).await.unwrap();
            $client.read_exact(&mut buf).await.unwrap();
        }
        mark("write and read");
        let mut large = [0; 1000];
        for _ in 0..3 {
            $client.write_all(&[1; 64]).await.unwrap();
            assert_eq!($server.read(&mut large).await.unwrap(), 64);
        }
        mark("read less than there is room for");
        let slices = [IoSlice::new(&[1; 10]), IoSlice::new(&[2; 54])];
        assert_eq!($client.write_vectored(&slices).await.unwrap(), 64);
        $server.read_exact(&mut buf).await.unwrap();
        mark("vectored");
        $client.flush().await.unwrap();
        mark("flush");
        $client.shutdown().await.unwrap();
        assert_eq!($server.read(&mut buf).await.unwrap(), 0);
        mark("half-close");
        drop($client);
        drop($server);
        mark("close");
    }};
}

async fn tokio_calls(path: &Path) {
    use tokio::net::{UnixListener, UnixStream};
    mark("start");
    let listener = UnixListener::bind(path).unwrap();
    mark("listen");
    let mut client = UnixStream::connect(path).await.unwrap();
    mark("connect");
    let (mut server, _) = listener.accept().await.unwrap();
    mark("accept");
    async_work!(client, server);
}

async fn our_tokio_calls(path: &Path) {
    use local_socket::{GenericFilePath, ListenerOptions, tokio::Stream, tokio::prelude::*};
    let name = path.to_fs_name::<GenericFilePath>().unwrap();
    mark("start");
    let listener = ListenerOptions::new().name(name.borrow()).create_tokio().unwrap();
    mark("listen");
    let mut client = Stream::connect(name).await.unwrap();
    mark("connect");
    let mut server = listener.accept().await.unwrap();
    mark("accept");
    async_work!(client, server);
}
