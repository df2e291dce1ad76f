pub(crate) mod command;
pub(crate) mod descriptor_limit;
pub(crate) mod descriptors;
pub(crate) mod inherited;
pub(crate) mod input;
#[cfg(target_os = "linux")]
pub(crate) mod kernel_pipe;
pub(crate) mod listening;
pub(crate) mod local_listener;
pub(crate) mod output;
pub(crate) mod pipes;
pub(crate) mod readiness;
pub(crate) mod release;
pub(crate) mod signals;
pub(crate) mod socket;
#[cfg(target_os = "linux")]
pub(crate) mod splice;
pub(crate) mod usage;
pub(crate) mod waiting;

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use std::io;

/// Waits for one of the events, also if the process gets a signal meanwhile.
fn wait(fds: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> io::Result<usize> {
    loop {
        match poll(fds, timeout) {
            Err(Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}

/// What a closed or broken descriptor reports without being asked.
fn ended() -> PollFlags {
    PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL
}
