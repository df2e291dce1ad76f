//! Tests of behaviour that only pipes have. `lib/tests` tests the behaviour of all systems.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a test is to panic")]

mod accepting;
mod accounts;
#[cfg(feature = "tokio")]
mod asynchronous;
mod closing;
mod conversions;
mod delivery;
mod descriptors;
mod half_close;
mod identity;
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
use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Deadline of every wait, much longer than any test takes.
const DEADLINE: Duration = Duration::from_secs(20);
/// Time during which a test checks that something does not happen.
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

/// Returns whether the tests run in Wine, which does not implement everything.
fn is_wine() -> bool {
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
    // SAFETY: both texts end with a NUL, and ntdll.dll is always loaded.
    unsafe {
        let ntdll = GetModuleHandleA(c"ntdll.dll".as_ptr().cast());
        GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()).is_some()
    }
}

/// Returns a unique name.
fn unique() -> Name<'static> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("local_socket-test-{}-{count}", std::process::id())
        .to_ns_name::<GenericNamespaced>()
        .unwrap()
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

/// Runs a function in a thread and fails if it takes longer than the deadline.
fn within<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    start(f).recv_timeout(DEADLINE).expect("the function hangs or has panicked")
}

/// Runs a function in a thread and returns a receiver of its result.
fn start<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver
}
