use super::{command::Process, raw_terminal};
use lsock_startup::ignores_signal;
use nix::{
    sys::signal::{SigSet, SigmaskHow, Signal, kill},
    unistd::Pid,
};
use signal_hook::{
    consts::{
        SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
        SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
    },
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

/// Signals that ask a process to end.
const TERMINATION: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Other signals that end a process by default, without a fault of the process (`signal(7)`).
const OTHER_TERMINATION: [i32; 6] = [SIGALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU];

/// Whether the other signals are treated as those that ask a process to end.
static HEEDS_OTHERS: AtomicBool = AtomicBool::new(false);

/// Treats each signal that ends a process by default as one that asks it to end. For a process whose
/// end without a handler would harm others; to be called before signals are watched or blocked.
pub(crate) fn heed_all() {
    HEEDS_OTHERS.store(true, Ordering::Relaxed);
}

/// Returns the signals that ask this process to end.
fn termination() -> impl Iterator<Item = i32> {
    let others = if HEEDS_OTHERS.load(Ordering::Relaxed) { &OTHER_TERMINATION[..] } else { &[] };
    TERMINATION.iter().chain(others).copied()
}

/// Whether process 1 exits at once on a signal that asks it to end.
static EXITS_AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// Blocks the signals that ask a process to end, until it is dropped.
///
/// Without it, a signal that arrives between the creation of a socket file and the installation of
/// the handler that removes it leaves the file. A signal that arrives during [`on_termination`] is
/// lost: signal-hook has installed its handler, and has no receiver yet.
#[derive(Debug)]
pub(crate) struct BlockedSignals {
    before: Option<SigSet>,
}

/// Signals that were blocked when this process started.
static BLOCKED_AT_START: OnceLock<SigSet> = OnceLock::new();

impl BlockedSignals {
    pub(crate) fn new() -> Self {
        let mut ours = SigSet::empty();
        for signal in termination().filter_map(|signal| Signal::try_from(signal).ok()) {
            ours.add(signal);
        }
        let before = ours.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
        if let Some(before) = before {
            BLOCKED_AT_START.get_or_init(|| before);
        }
        Self { before }
    }

    /// Restores the mask that this process was started with, until it is dropped. A command
    /// inherits the mask of the thread that starts it (`execve(2)`), and event loops other than
    /// the first block signals.
    pub(super) fn for_command() -> Self {
        let mask = BLOCKED_AT_START.get();
        Self { before: mask.and_then(|mask| mask.thread_swap_mask(SigmaskHow::SIG_SETMASK).ok()) }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // It cannot fail: the mask was valid before.
            let _ = before.thread_set_mask();
        }
    }
}

/// Returns whether this is process 1 of the system or of a container. The kernel does not
/// apply the default action of a signal to it (`pid_namespaces(7)`).
fn is_first_process() -> bool {
    process::id() == 1
}

/// Makes process 1 exit with status 128+n on a signal that asks it to end, until
/// [`on_termination`] is called. Without it, such a signal has no effect on process 1. Other
/// processes are not changed.
pub(crate) fn exit_as_first_process() -> io::Result<()> {
    if is_first_process() {
        for signal in termination().filter(|signal| is_heeded(*signal)) {
            let condition = Arc::clone(&EXITS_AT_ONCE);
            flag::register_conditional_shutdown(signal, 128 + signal, condition)?;
        }
    }
    Ok(())
}

/// Calls the function on a new thread for every signal that asks the process to end. Signals that
/// were ignored when the process started (`nohup(1)`) stay ignored.
pub(crate) fn on_termination(mut handle: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new(termination().filter(|signal| is_heeded(*signal)))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(&mut handle))?;
    if is_first_process() {
        EXITS_AT_ONCE.store(false, Ordering::SeqCst);
    }
    Ok(())
}

/// Calls the first function before a signal stops this process (`SIGTSTP`), and the second one when
/// it continues. A signal that was ignored when the process started stays ignored.
pub(super) fn on_stop_and_continue(stop: fn(), continued: fn()) -> io::Result<()> {
    let mut signals = Signals::new([SIGTSTP, SIGCONT].iter().filter(|signal| is_heeded(**signal)))?;
    let handle = move || {
        for signal in signals.forever() {
            if signal == SIGTSTP {
                stop();
                if let Err(error) = emulate_default_handler(signal) {
                    tracing::debug!(%error, "not stopped");
                }
            }
            continued();
        }
    };
    thread::Builder::new().name("stop".to_owned()).spawn(handle).map(drop)
}

/// Calls the function on a new thread when the size of the terminal has changed.
pub(super) fn on_window_change(mut changed: impl FnMut() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGWINCH])?;
    thread::Builder::new()
        .name("window".to_owned())
        .spawn(move || signals.forever().for_each(|_| changed()))
        .map(drop)
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
        child: impl FnOnce(&T) -> &Process,
    ) -> io::Result<T> {
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let started = start()?;
        *command = child(&started).id().and_then(|id| id.try_into().ok()).map(Pid::from_raw);
        Ok(started)
    }
}

/// Ends the process by the signal, so that its parent gets the right status (`wait(2)`). Process 1
/// cannot be ended by its own signals: it exits with status 128+n. A terminal in raw mode gets its
/// mode from before.
pub(crate) fn die(signal: i32) -> ! {
    raw_terminal::restore();
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
