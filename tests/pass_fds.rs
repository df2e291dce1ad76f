//! Descriptors that are sent along with bytes (`SCM_RIGHTS`): passed on with `--pass-fds`,
//! closed with a warning without.

mod closed;
mod connection;
mod in_flight;
mod passed;

use crate::harness::{Running, Scene, Wire, within_the_deadline};
use rustix::{
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
    pipe::{PipeFlags, pipe_with},
};
use std::{
    fs::File,
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// The most descriptors of one message (`SCM_MAX_FD`).
const MOST: usize = 253;

/// Sends the bytes, and the descriptors along with the first byte.
#[track_caller]
pub(crate) fn send(wire: &mut Wire, bytes: &[u8], fds: &[OwnedFd]) {
    try_send(wire, bytes, fds).unwrap();
}

/// Does the same. If the system refuses the descriptors, nothing is sent.
fn try_send(wire: &mut Wire, bytes: &[u8], fds: &[OwnedFd]) -> io::Result<()> {
    let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(fds.is_empty() || control.push(SendAncillaryMessage::ScmRights(&fds)));
    let sent = sendmsg(&*wire, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    wire.send(&bytes[sent..]);
    Ok(())
}

/// Reads once. Returns the bytes and the descriptors that came along.
#[track_caller]
fn receive(wire: &Wire, most: usize) -> (Vec<u8>, Vec<OwnedFd>) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = vec![0; most];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(wire, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags).unwrap();
    assert!(!message.flags.contains(ReturnFlags::CTRUNC), "descriptors were cut off");
    bytes.truncate(message.bytes);
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    (bytes, fds)
}

/// Reads once and expects a message, with descriptors of pipes that contain the words.
#[track_caller]
fn expect(wire: &Wire, message: &[u8], words: &[&str]) {
    let (bytes, fds) = receive(wire, message.len());
    assert_eq!(bytes.escape_ascii().to_string(), message.escape_ascii().to_string());
    assert_eq!(fds.into_iter().map(word_of).collect::<Vec<_>>(), words);
}

/// Creates a pipe that contains a word.
fn marked(word: &str) -> OwnedFd {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    File::from(writer).write_all(word.as_bytes()).unwrap();
    reader
}

#[track_caller]
fn word_of(fd: OwnedFd) -> String {
    let mut word = String::new();
    File::from(fd).read_to_string(&mut word).unwrap();
    word
}

/// Sends the bytes with the write end of a pipe. Returns the read end.
#[track_caller]
fn send_write_end(wire: &mut Wire, bytes: &[u8]) -> OwnedFd {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    send(wire, bytes, &[writer]);
    reader
}

/// Sends the bytes with the write end of a pipe, or without it if the system refuses descriptors.
/// Returns the read end, and whether the descriptor was sent.
#[track_caller]
fn send_write_end_if_possible(wire: &mut Wire, bytes: &[u8]) -> (OwnedFd, bool) {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let is_sent = match try_send(wire, bytes, &[writer]) {
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
            wire.send(bytes);
            false
        }
        Ok(()) => true,
    };
    (reader, is_sent)
}

/// Waits for the end of file of a pipe, which comes when all write ends are closed.
#[track_caller]
fn expect_closed(reader: OwnedFd) {
    let word = within_the_deadline(|| word_of(reader));
    assert_eq!(word.as_deref(), Some(""), "the descriptor is still open");
}

/// Starts a relay. Returns it with the client and the target of a connection.
fn start_relay(scene: &Scene, args: &[&str]) -> (Running, Wire, Wire) {
    connect_through(scene, args, false)
}

/// Does the same. On request no descriptors are refused, as on a system before Linux 6.16.
fn connect_through(scene: &Scene, args: &[&str], refuses_none: bool) -> (Running, Wire, Wire) {
    let (host, target) = scene.host(&format!("@{}-target", scene.word()));
    let relay = [&["relay", "-v", "./s", &target][..], args].concat();
    let relay = if refuses_none {
        const CALLS: [&str; 2] = ["trace=setsockopt", "inject=setsockopt:error=ENOPROTOOPT"];
        let strace = scene.command("strace").args(["-D", "-f", "-qq", "-o", "/dev/null"]);
        let strace = strace.args(["--seccomp-bpf", "-e", CALLS[0], "-e", CALLS[1]]);
        strace.arg(env!("CARGO_BIN_EXE_lsock")).args(&relay)
    } else {
        scene.lsock(&relay)
    };
    let relay = relay.start_listening();
    let client = scene.wire("./s");
    (relay, client, host.accept())
}
