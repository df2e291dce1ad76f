pub(crate) mod file_numbers;
pub(crate) mod netlink;
mod owners;
pub(crate) mod proc_net_unix;
mod process;

use crate::{EntryState, SocketEntry, TableSource};
use netlink::visit_states;
use std::io;

/// Calls the function for each socket that is in one of the states. If the kernel does not answer
/// by netlink, the list in `/proc/net/unix` is read.
///
/// # Errors
/// The error of netlink if there is no list either, or an error of reading.
pub fn visit(states: &[EntryState], mut visit: impl FnMut(SocketEntry)) -> io::Result<TableSource> {
    let mut has_answered = false;
    let answered = visit_states(states, |entry| {
        has_answered = true;
        visit(entry);
    });
    match answered {
        Ok(()) => Ok(TableSource::Netlink),
        Err(error) if has_answered => Err(error),
        Err(error) => {
            let listed = proc_net_unix::visit_listed(|entry| {
                if states.contains(&entry.state) {
                    visit(entry);
                }
            });
            listed.map(|()| TableSource::List).map_err(|_| error)
        }
    }
}
