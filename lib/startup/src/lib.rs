//! What `lsock` needs to know and to change about its own process and its sockets, as far as that
//! takes `unsafe` code, which the program itself forbids: inherited descriptors, ignored signals,
//! the start and the end of child processes, watched descriptors, standard handles of Windows, colours of
//! consoles, free memory, and what the program is linked with. It is private to this workspace.

#![deny(missing_docs)]

mod entry;
#[cfg(all(target_os = "linux", target_env = "gnu", not(target_feature = "crt-static")))]
mod mathematics;
mod memory;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use memory::release_free_memory;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub use unix::runtime::start;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use unix::sockets::refuse_descriptors;
#[cfg(unix)]
pub use unix::{
    children::{close_all_on_exec, lead_session, reset_sighup, set_descriptor_limit},
    descriptors::{passed, stdin_was_closed, stdout_was_closed, take, take_inherited},
    escapes::{stderr_takes_escapes, stdout_takes_escapes},
    signals::{ignores_signal, reset_ignored_sigchld},
    sockets::{receive, stop_passing_credentials},
    watched::{Readable, Watched, hung_up},
};
#[cfg(windows)]
pub use windows::{
    close::close_stdout,
    console::{read_console, stderr_takes_escapes, stdout_takes_escapes, write_console},
    file_numbers::FileNumbers,
    half_close::{HalfClose, read_messages},
    handle_kind::{HandleKind, stderr_kind, stdin_kind, stdout_kind},
    inheritance::keep_standard_handles,
    job::{Job, SUSPENDED, resume},
    stream_io::StreamIo,
};
