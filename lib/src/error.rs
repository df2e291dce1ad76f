//! Errors: what was tried, the name, and the system's reason.

mod conversion;
#[cfg(unix)]
mod lost_fds;
mod name;
mod reunite;
mod socket;

#[cfg(unix)]
pub use conversion::FromFdError;
#[cfg(windows)]
pub use conversion::FromHandleError;
pub use conversion::{ConversionError, NoDetails};
#[cfg(unix)]
pub use lost_fds::LostFds;
pub use name::{NameError, NameProblem};
pub use reunite::{ReuniteError, ReuniteResult};
pub use socket::{Action, HeldLock, Holder, Obstacle, SocketError, reason};
