//! Tests of behaviour that only pipes have. `lib/tests` tests the behaviour of all systems.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a test is to panic")]

mod accepting;
mod accounts;
#[cfg(feature = "tokio")]
mod asynchronous;
mod closing;
#[path = "../../../tests/harness/common.rs"]
mod common;
mod conversions;
mod delivery;
mod descriptors;
mod half_close;
mod identity;
mod names;
mod one_way;
mod programs;
mod raw;
mod security;
mod sids;
mod timing;

use super::{Listener, Stream};
use crate::{
    ConnectOptions, GenericNamespaced, ListenerOptions, Name, ToNsName,
    traits::{Listener as _, Stream as _},
};
use common::{DEADLINE, eventually, is_wine, seeded_pattern, unique_word, within_deadline};
use std::{sync::mpsc, thread, time::Duration};

/// Time during which a test checks that something does not happen, such as the end of a call that
/// waits.
const MOMENT: Duration = Duration::from_millis(60);

#[test]
fn types_are_send_sync_and_unwind_safe() {
    fn check<T: Send + Sync + Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    check::<Stream>();
    check::<Listener>();
    check::<super::RecvHalf>();
    check::<super::SecurityDescriptor>();
    check::<super::BorrowedSecurityDescriptor<'_>>();
    check::<super::Sid>();
}

/// Returns a unique name.
fn unique() -> Name<'static> {
    unique_word().to_ns_name::<GenericNamespaced>().unwrap()
}

fn listen(name: &Name<'_>) -> Listener {
    ListenerOptions::new().name(name.borrow()).create_sync_as().unwrap()
}

fn connect(name: &Name<'_>) -> Stream {
    ConnectOptions::new().name(name.borrow()).connect_sync_as().unwrap()
}

/// Returns the server's and the client's end of a connection through a listener.
fn connected() -> (Stream, Stream) {
    let name = unique();
    let listener = listen(&name);
    let client = connect(&name);
    (listener.accept().unwrap(), client)
}

/// Runs a function in a thread and returns a receiver of its result.
fn start<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver
}
