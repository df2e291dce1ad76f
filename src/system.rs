//! What differs between systems for a program: standard streams, commands, signals, and options
//! that only some systems have. Each system is a folder with the same files.

mod account;
#[cfg(any(windows, test))]
mod console_text;
mod leave_key;
mod listen_settings;
mod name_sockets;
#[cfg(not(target_os = "linux"))]
mod no_splice;
pub(crate) mod output;
mod path_facts;
pub(crate) mod peer;
mod server_user;
pub(crate) mod socket_table;
pub(crate) mod stdout;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod tokio_loop;
#[cfg(unix)]
mod unix;
pub(crate) mod user_names;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as imp;
#[cfg(windows)]
use windows as imp;

pub(crate) use account::{AllowRule, FileOwner, GivenAccount, ServerUser};
pub(crate) use leave_key::{LeaveKey, Leaving};
pub(crate) use listen_settings::ListenSettings;
pub(crate) use name_sockets::{
    ListenState, NameSockets, SeenClient, SeenProcess, ServerClients, SocketQuery,
};
#[cfg(unix)]
pub(crate) use path_facts::FollowedLink;
pub(crate) use path_facts::{FileFacts, NumberedAccount, PathEnd, PathFacts};
pub(crate) use server_user::ExpectedServer;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use tokio_loop::{EventLoop, LoopHandle};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use unix::event_loop::{EventLoop, LoopHandle};

pub(crate) use imp::{
    CAN_WAIT_FOR_PIPES, HAS_EMPTY_MESSAGES, HAS_SOCKET_FILES, HAS_SOCKET_PAIRS, accounts, command,
    connect_probe, descriptor_limit,
    descriptors::Descriptors,
    folder_watch::FolderWatch,
    handover, inherited,
    input::{Input, REPORTS_END_OF_RECEIVING},
    journal::stderr_is_journal,
    keeper::{Keeper, Lifeline},
    linked_pty::LinkedPty,
    listening,
    local_listener::{LocalClient, LocalListener},
    name_sockets::find_sockets,
    notify::Readiness,
    path_facts::examine_path,
    pipes, poll, process_name,
    process_watch::ProcessWatch,
    pty::WindowSize,
    raw_mode::discard_typed,
    raw_terminal::{RawTerminal, restore as restore_terminal},
    release::{kernel_version, os_name},
    signals,
    socket::{Detached, Socket},
    socket_file,
    standing::{examine, examine_further, explain_absence, search_elsewhere, server_elsewhere},
    tcp::{LoopTcpListener, connect_tcp},
    usage,
};
#[cfg(target_os = "linux")]
pub(crate) use imp::{kernel_pipe::KernelPipe, splice::Splicer};
#[cfg(not(target_os = "linux"))]
pub(crate) use no_splice::{KernelPipe, Splicer};
pub(crate) use output::Output;

use local_socket::error::raw_os_error;
use std::{io, thread, time::Duration};

/// Whether this system moves bytes within the kernel (`splice(2)`).
pub(crate) const CAN_SPLICE: bool = cfg!(target_os = "linux");

/// The result of waiting for input.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// There is something to read, or the end of file.
    Input,
    /// The peer has ended its direction, or this process has shut down receiving.
    #[cfg_attr(windows, expect(dead_code, reason = "the system does not report it"))]
    ReceivingEnded,
    /// The peer has closed both directions: nothing can be sent any more.
    PeerGone,
}

/// The result of waiting for the input or the stream.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Either {
    /// The input has data, or has reached its end.
    #[cfg_attr(windows, expect(dead_code, reason = "the system does not report it"))]
    Input,
    /// The stream has data or has reached its end, the reader of the output has closed, or the
    /// system does not report which is first.
    Stream,
}

/// The result of waiting for something to receive, which is written to standard output.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Receivable {
    /// There is something to receive, the end of file, or a client.
    Stream,
    /// The reader of standard output has closed.
    OutputGone,
}

/// The state of a peer that may have closed, as its socket reports it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerState {
    /// The peer has closed without reading everything (`unix(7)`).
    pub(crate) was_reset: bool,
    /// The amount of data that the peer has not read yet, in units of the system. On Unix only if it
    /// has shut down both directions. 0 if the system does not report it.
    pub(crate) unread: usize,
    /// Whether the peer has unread data and has not closed or shut down. Windows only: there a peer
    /// cannot shut down both directions without closing the pipe.
    pub(crate) is_open: bool,
}

/// A descriptor that is passed on with bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PassedDescriptor {
    /// Its number in this process.
    pub(crate) number: i32,
    /// The file that it refers to, as the system names it.
    pub(crate) link: Option<String>,
}

/// Resource usage of a process.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Used {
    /// CPU time in user mode and in the kernel.
    pub(crate) cpu: Duration,
    /// Context switches, voluntary and involuntary ones, where they are counted.
    pub(crate) switches: Option<(u64, u64)>,
}

/// The meaning of an error of `accept(2)` for the listener.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum AcceptError {
    /// The error concerns one client, or is temporary.
    Passes,
    /// The listener is broken if the error occurs again and again.
    IsBrokenIfItPersists,
    IsBroken,
}

/// Classifies an error of `accept(2)`.
pub(crate) fn accept_error(error: &io::Error) -> AcceptError {
    match raw_os_error(error) {
        Some(code) => listening::accept_error(code),
        None if has_too_much_open(error) => AcceptError::Passes,
        None => AcceptError::IsBroken,
    }
}

/// Starts the thread that writes the log. It blocks the signals that ask to end, which other
/// threads must receive.
pub(crate) fn start_log_thread(run: fn()) -> io::Result<()> {
    let _held = signals::BlockedSignals::new();
    let thread = thread::Builder::new().name("log".to_owned()).stack_size(256 << 10);
    thread.spawn(run).map(drop)
}

/// Returns whether too many files or too much memory is in use, so that the operation may work again
/// later (`accept(2)`, `socket(2)`).
pub(crate) fn has_too_much_open(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    error.kind() == io::ErrorKind::OutOfMemory
        || cfg!(unix) && matches!(raw_os_error(error), Some(EMFILE | ENFILE))
}
