//! Error types. They are contained in the [`std::io::Error`]s that functions return, and say
//! what was tried, with which name, and why it failed.

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
pub use socket::{Action, HeldLock, Holder, Obstacle, SocketError, raw_os_error, reason};
