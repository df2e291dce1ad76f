//! Records the open descriptors of the process before it opens any.
//!
//! Rust's runtime, or [`start`](super::runtime::start), opens `/dev/null` for each of 0, 1 and 2 that is
//! closed, and the program opens descriptors of its own. So the inherited descriptors are known only
//! before.

use std::{
    array,
    os::fd::RawFd,
    sync::atomic::{AtomicU64, Ordering},
};

/// Number of descriptors that are checked, starting at 0. One cheap call checks all of them.
pub(super) const NUMBERS: usize = 256;

/// One bit for each number: whether the descriptor was open at the start.
static OPEN: [AtomicU64; NUMBERS / 64] = [const { AtomicU64::new(0) }; NUMBERS / 64];

/// 1 after the descriptors were recorded.
static LOOKED: AtomicU64 = AtomicU64::new(0);

/// The system calls the functions of this section before `main` (System V ABI, "Initialization
/// and Termination Functions"; on Apple's systems dyld does the same).
///
/// The linker keeps it wherever a function of this crate is called: rustc refers to every
/// `#[used]` static of the crates that it links.
#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
static HOOK: extern "C" fn() = look;

/// Records which descriptors are open. It only makes system calls, allocates nothing and cannot
/// panic.
extern "C" fn look() {
    // `poll` of Apple's systems does not report closed descriptors (std's own check of 0, 1 and 2
    // mentions this, too). Elsewhere it fails if the process may not have as many descriptors.
    if cfg!(target_vendor = "apple") || !look_at_all() {
        (0..NUMBERS).for_each(look_at_one);
    }
    LOOKED.store(1, Ordering::Release);
}

/// Checks all numbers at once (`poll(2)`: `POLLNVAL` for numbers that are not open). Returns
/// `false` if the call fails.
fn look_at_all() -> bool {
    let mut all: [libc::pollfd; NUMBERS] =
        array::from_fn(|number| libc::pollfd { fd: number as RawFd, events: 0, revents: 0 });
    // SAFETY: the pointer and the length are those of the array.
    if unsafe { libc::poll(all.as_mut_ptr(), NUMBERS as libc::nfds_t, 0) } < 0 {
        return false;
    }
    for (number, fd) in all.iter().enumerate() {
        if fd.revents & libc::POLLNVAL == 0 {
            note(number);
        }
    }
    true
}

fn look_at_one(number: usize) {
    // SAFETY: the call reads the flags of a number, and fails if it is not open.
    if unsafe { libc::fcntl(number as RawFd, libc::F_GETFD) } >= 0 {
        note(number);
    }
}

fn note(number: usize) {
    if let Some(bits) = OPEN.get(number / 64) {
        bits.fetch_or(1 << (number % 64), Ordering::Relaxed);
    }
}

/// Returns whether a descriptor was open when the process started, or `None` if that was not
/// recorded.
pub(super) fn was_open(number: RawFd) -> Option<bool> {
    let number = usize::try_from(number).ok()?;
    let bits = OPEN.get(number / 64).filter(|_| LOOKED.load(Ordering::Acquire) == 1)?;
    Some(bits.load(Ordering::Relaxed) & 1 << (number % 64) != 0)
}
