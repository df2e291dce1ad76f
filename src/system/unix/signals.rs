use lsock_startup::ignores_signal;
use nix::{
    sys::signal::{SigSet, SigmaskHow, Signal, kill},
    unistd::Pid,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ},
    flag,
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{
    io, process,
    sync::{
        Arc, LazyLock, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tokio::process::Child;

/// The signals that ask to end.
const TERMINATION: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Whether process 1 exits as soon as it gets a signal that asks to end.
static EXITS_AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// Signals that ask to end wait until this is dropped.
///
/// Without it one that comes after a socket file was made and before it can be removed
/// leaves the file, and one that comes in the middle of [`on_termination`] is lost:
/// signal-hook has taken the signal then, and does not know yet what for.
#[derive(Debug)]
pub(crate) struct BlockedSignals {
    before: Option<SigSet>,
}

/// The signals that this process was started to block.
static BLOCKED_AT_START: OnceLock<SigSet> = OnceLock::new();

impl BlockedSignals {
    pub(crate) fn new() -> Self {
        let mut ours = SigSet::empty();
        for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
            ours.add(signal);
        }
        let before = ours.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
        if let Some(before) = before {
            BLOCKED_AT_START.get_or_init(|| before);
        }
        Self { before }
    }

    /// Blocks only what this process was started to block, until this is dropped: a command
    /// inherits the mask of the thread that starts it (`execve(2)`), and event loops other than
    /// the first block the signals that ask to end.
    pub(super) fn for_command() -> Self {
        let mask = BLOCKED_AT_START.get();
        Self { before: mask.and_then(|mask| mask.thread_swap_mask(SigmaskHow::SIG_SETMASK).ok()) }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // Cannot fail where the other way has worked.
            let _ = before.thread_set_mask();
        }
    }
}

/// Returns whether this is process 1 of the system or of a container. The kernel does not
/// apply the default action of a signal to it (`pid_namespaces(7)`).
fn is_first_process() -> bool {
    process::id() == 1
}

/// Has process 1 exit with the status 128+n on a signal that asks to end, until
/// [`on_termination`] is called. Without it such a signal has no effect on process 1.
/// Changes nothing in any other process.
pub(crate) fn exit_as_first_process() -> io::Result<()> {
    if is_first_process() {
        for signal in TERMINATION.into_iter().filter(|signal| is_heeded(*signal)) {
            let condition = Arc::clone(&EXITS_AT_ONCE);
            flag::register_conditional_shutdown(signal, 128 + signal, condition)?;
        }
    }
    Ok(())
}

/// Calls the function, on a thread of its own, for every signal that asks to end. Those
/// that this process was started to ignore (nohup) stay ignored.
pub(crate) fn on_termination(mut handle: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new(TERMINATION.iter().filter(|signal| is_heeded(**signal)))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(&mut handle))?;
    if is_first_process() {
        EXITS_AT_ONCE.store(false, Ordering::SeqCst);
    }
    Ok(())
}

/// Passes termination signals on to a command, as process 1 must: the kernel does not end the other
/// processes of its container by its signals. The second signal ends this process.
#[derive(Clone, Debug)]
pub(crate) struct PassedSignals {
    /// The command, until a signal has been passed on to it.
    command: Arc<Mutex<Option<Pid>>>,
}

impl PassedSignals {
    /// Starts to watch for signals if this is process 1; returns `None` otherwise.
    pub(crate) fn if_first_process() -> io::Result<Option<Self>> {
        if !is_first_process() {
            return Ok(None);
        }
        let command = Arc::<Mutex<Option<Pid>>>::default();
        let receiver = Arc::clone(&command);
        on_termination(move |signal| {
            let command = receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(command) = command else { die(signal) };
            let passed = Signal::try_from(signal).and_then(|signal| kill(command, signal));
            if let Err(error) = passed {
                tracing::debug!(%error, "signal not passed on");
            }
        })?;
        Ok(Some(Self { command }))
    }

    /// Starts the command. A signal that arrives meanwhile is passed on after the start.
    pub(crate) fn start<T>(
        &self,
        start: impl FnOnce() -> io::Result<T>,
        child: impl FnOnce(&T) -> &Child,
    ) -> io::Result<T> {
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let started = start()?;
        *command = child(&started).id().and_then(|id| id.try_into().ok()).map(Pid::from_raw);
        Ok(started)
    }
}

/// Ends the process by the signal, so that whoever waits for it sees that. Process 1 cannot
/// be ended by its own signals: it exits with the status 128+n instead.
pub(crate) fn die(signal: i32) -> ! {
    if !is_first_process() {
        let _ = emulate_default_handler(signal);
    }
    process::exit(128 + signal)
}

/// Makes a write beyond the limit of the size of files (`ulimit -f`) fail with `EFBIG` instead of
/// ending the process (`setrlimit(2)`). Commands get the default action back.
pub(crate) fn fail_at_file_limit() -> io::Result<()> {
    if is_heeded(SIGXFSZ) {
        // A handler that does nothing, which is reset when a command is executed.
        flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

/// Returns whether the signal is not ignored.
fn is_heeded(signal: i32) -> bool {
    !ignores_signal(signal).unwrap_or(false)
}
