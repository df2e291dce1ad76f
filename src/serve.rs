//! Accepting clients: who is served, how many at a time, and how it all ends.

mod accept;
mod admission;
mod flag;
mod limits;
mod phase;
mod server;
mod source;
mod stop;

pub(crate) use accept::Acceptor;
pub(crate) use admission::{Admission, Admitted};
pub(crate) use flag::Flag;
pub(crate) use limits::Limits;
pub(crate) use phase::Ending;
pub(crate) use server::{Client, Handler, Server};
pub(crate) use source::Source;
pub(crate) use stop::{Going, Open, Stopper};

use std::io::{self, ErrorKind};

/// Whether accepting may work again when other things of this system or process have
/// ended (`accept(2)`).
pub(crate) fn is_passing(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    let system = local_socket::error::SocketError::of(error)
        .map_or(error, local_socket::error::SocketError::system_error);
    error.kind() == ErrorKind::OutOfMemory
        || cfg!(unix) && matches!(system.raw_os_error(), Some(EMFILE | ENFILE))
}
