use crate::ProcessFacts;
use std::{collections::HashMap, rc::Rc};

/// The processes that have sockets open.
#[derive(Debug)]
pub struct SocketOwners {
    pub(crate) processes: HashMap<u32, Vec<Rc<ProcessFacts>>>,
    pub(crate) is_complete: bool,
}

/// Which processes are examined.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProcessScope {
    /// All processes.
    All,
    /// The process with this ID.
    Process(u32),
}

impl SocketOwners {
    /// Returns the processes that have the socket open, by process ID.
    #[must_use]
    pub fn of(&self, inode: u32) -> &[Rc<ProcessFacts>] {
        self.processes.get(&inode).map_or(&[], Vec::as_slice)
    }

    /// Returns the inode numbers of the wanted sockets that were found.
    pub fn sockets(&self) -> impl Iterator<Item = u32> {
        self.processes.keys().copied()
    }

    /// Returns whether all processes could be examined (on Linux see `proc(5)`).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}
