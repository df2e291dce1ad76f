use lsock_startup::ignores_signal;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{io, thread};

/// Signals that ask to end wait until this is dropped.
///
/// Without it one that comes after a socket file was made and before it can be removed
/// leaves the file, and one that comes in the middle of [`on_termination`] is lost:
/// signal-hook has taken the signal then, and does not know yet what for.
#[derive(Debug)]
pub(crate) struct Held {
    before: Option<SigSet>,
}

impl Held {
    pub(crate) fn new() -> Self {
        let mut ours = SigSet::empty();
        for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
            ours.add(signal);
        }
        Self { before: ours.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // Cannot fail where the other way has worked.
            let _ = before.thread_set_mask();
        }
    }
}

/// Calls the function, on a thread of its own, for every signal that asks to end. Those
/// that this process was started to ignore (nohup) stay ignored.
pub(crate) fn on_termination(mut handle: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let asks = |signal: &i32| !ignores_signal(*signal).unwrap_or(false);
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM].iter().filter(|s| asks(s)))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(&mut handle))?;
    Ok(())
}

/// Ends the process by the signal, so that whoever waits for it sees that.
pub(crate) fn die(signal: i32) -> ! {
    let _ = emulate_default_handler(signal);
    // Only if the system let it live all the same.
    std::process::exit(128 + signal)
}
