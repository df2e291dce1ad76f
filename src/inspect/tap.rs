//! Standing in for a live server at its socket file, so that its traffic can be seen.
//!
//! # Two paths
//! NAME is the path that clients connect to. ASIDE is `.NAME.lsock-tap` in the same folder. While a
//! tap runs, its own socket file is at NAME and that of the server is at ASIDE. There is one ASIDE for
//! each NAME, so a second tap, and a tap after a crash, find it without a search.
//!
//! # Steps
//! Every change of the folder is a [`Step`]; the lock of the folder, which listeners of the library
//! hold while they take over a name, is held from the first look at the paths to the last step. All
//! files are held by a descriptor, so that they are recognized when they are examined again.
//!
//! To start:
//! 1. What an earlier tap has left behind is put right (see below).
//! 2. [`Step::Listen`]: a socket is bound at ASIDE, gets owner, group, mode, access control list
//!    and SELinux label of the server's file, and then listens. `bind(2)` creates the file only if there is none.
//! 3. [`Step::SwapIn`]: ASIDE and NAME are exchanged in one step (`renameat2(2)`): clients find the
//!    server before it and the tap after it, and no file is overwritten.
//! 4. If the file that is at ASIDE now is not the one that was examined, another server has replaced
//!    it at this very moment: [`Step::UndoSwapIn`] exchanges them again, and the tap gives up.
//!
//! To end:
//! 1. If the tap's file is not at NAME any more, NAME belongs to another server, or was removed: it is
//!    not touched. ASIDE is removed ([`Step::RemoveStale`]) if nobody listens there. If somebody still
//!    does, it stays, and a message names it.
//! 2. [`Step::SwapBack`]: ASIDE and NAME are exchanged. The server's file is back, with its inode.
//! 3. If the file that is at ASIDE now is not the tap's, another server has replaced it at this very
//!    moment: [`Step::UndoSwapBack`] exchanges them again.
//! 4. [`Step::RemoveOwn`]: the tap's file is removed from ASIDE.
//! 5. Clients that had looked up the tap's file before step 2 can still connect. The tap accepts
//!    clients for a short time more, and those that are in its backlog then.
//!
//! If the folder was moved, the steps are done where it is now (Linux).
//!
//! If another process holds the lock at the end, the steps are done without the lock: the checks alone
//! keep other files from being lost.
//!
//! # What a crash leaves
//! | after | at NAME | at ASIDE | clients find |
//! |---|---|---|---|
//! | no step | the server's file | nothing | the server |
//! | `Listen`, also in the middle of it | the server's file | the tap's, stale | the server |
//! | `SwapIn`, and while the tap serves | the tap's, stale | the server's file | nobody |
//! | `SwapIn`, if `UndoSwapIn` had to follow | the tap's, stale | another server's file | nobody |
//! | `SwapBack` | the server's file | the tap's, stale | the server |
//! | `RemoveOwn` | the server's file | nothing | the server |
//!
//! The server can end later: its file is stale then, wherever it is, or gone. `lsock name` shows each of
//! these states.
//!
//! So two rules put everything right ([`Leftover`]): a stale file at ASIDE is removed; an open socket
//! at ASIDE is exchanged with a stale file at NAME, or moved to NAME if nothing is there. If sockets
//! are open at both paths, a tap is running, and nothing is changed.
//!
//! A stranger who may write to the folder (`/tmp`) can put a socket of his own at ASIDE. It never
//! comes to NAME: it must have the owner, group and mode of the file that it replaces there, as a
//! tap's file has.

/// The command of the process that a tap with `--detach` is. The arguments of the tap follow.
pub(crate) const KEEPER_COMMAND: &str = "tap-keeper";

mod access;
mod end;
mod leftover;
mod problem;
mod stand_in;
mod steps;
mod target;
#[cfg(all(test, unix))]
mod tests;

pub(crate) use access::{ServeAs, check_start};
pub(crate) use end::{TapEnd, watch};
pub(crate) use leftover::{Leftover, Restored, check_restore, restore};
pub(crate) use problem::TapProblem;
pub(crate) use stand_in::{StandIn, StandInEnd, TapPaths};
pub(crate) use steps::{AllSteps, Step, StepGate};
pub(crate) use target::TapTarget;
