//! What the tests of the API and the unit tests for Windows have in common. It needs nothing of the
//! library, which has different paths in them.

use std::{
    fmt::Write as _,
    panic, process,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

/// A test that takes longer hangs. No test waits that long on purpose.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Returns a word that no other test uses, in this process or another.
pub(crate) fn unique_word() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("local-socket-test-{}-{count}", process::id())
}

/// Runs a function in a thread of its own, and fails if it does not end. Returns its result.
#[track_caller]
pub(crate) fn within_deadline<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (running, ended) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let thread = thread::Builder::new().name(name).spawn(move || {
        let _running = running;
        function()
    });
    let thread = thread.unwrap();
    match ended.recv_timeout(DEADLINE) {
        Err(RecvTimeoutError::Timeout) => {
            panic!("the test hangs: still running after {DEADLINE:?}\n{}", threads());
        }
        _ => thread.join().unwrap_or_else(|report| panic::resume_unwind(report)),
    }
}

/// Returns the system calls in which the threads of this process wait, if the system reports them.
fn threads() -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |file| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let (comm, wchan, syscall) = (read("comm"), read("wchan"), read("syscall"));
        let _ = writeln!(text, "thread {}: in {wchan}, syscall {}", comm.trim(), syscall.trim());
    }
    text
}

/// Waits for a condition that no call reports.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE / 2;
    while !condition() {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        // No call waits for the condition, so it is checked again after a pause.
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns bytes without repetitions that could hide a loss or a swap. Each seed gives others.
pub(crate) fn seeded_pattern(len: usize, seed: u32) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ u64::from(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Returns whether this is Wine, which lacks some features of Windows.
#[cfg(windows)]
pub(crate) fn is_wine() -> bool {
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
    // SAFETY: both texts end with a NUL, and ntdll.dll is always loaded.
    unsafe {
        let ntdll = GetModuleHandleA(c"ntdll.dll".as_ptr().cast());
        GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()).is_some()
    }
}
