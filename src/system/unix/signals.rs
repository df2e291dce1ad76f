use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{io, thread};

/// Calls the function, on a thread of its own, for every signal that asks to end.
pub(crate) fn on_termination(mut handle: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
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
