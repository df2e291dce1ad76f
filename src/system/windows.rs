pub(crate) mod accounts;
pub(crate) mod command;
pub(crate) mod connect_probe;
pub(crate) mod descriptor_limit;
pub(crate) mod descriptors;
pub(crate) mod folder_watch;
pub(crate) mod handover;
pub(crate) mod inherited;
pub(crate) mod input;
pub(crate) mod journal;
pub(crate) mod keeper;
pub(crate) mod linked_pty;
pub(crate) mod listening;
pub(crate) mod local_listener;
mod local_pipe;
pub(crate) mod name_sockets;
pub(crate) mod notify;
pub(crate) mod output;
pub(crate) mod path_facts;
pub(crate) mod pipes;
pub(crate) mod poll;
pub(crate) mod process_watch;
pub(crate) mod pty;
pub(crate) mod raw_mode;
pub(crate) mod raw_terminal;
pub(crate) mod release;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod socket_file;
pub(crate) mod socket_table;
mod standard_stream;
pub(crate) mod standing;
pub(crate) mod tcp;
pub(crate) mod usage;

/// Returns `None`: there is no safe call for the name of a program.
pub(crate) fn process_name(_: u32) -> Option<String> {
    None
}

/// Whether local sockets can be files.
pub(crate) const HAS_SOCKET_FILES: bool = false;

/// Whether a local socket can carry messages of zero bytes.
pub(crate) const HAS_EMPTY_MESSAGES: bool = true;

/// Whether there are pairs of connected sockets that a process can inherit.
pub(crate) const HAS_SOCKET_PAIRS: bool = false;

/// Whether an event loop can wait for plain pipes.
pub(crate) const CAN_WAIT_FOR_PIPES: bool = false;
