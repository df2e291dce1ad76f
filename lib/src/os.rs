//! Types and options of one family of systems: `os::unix` or `os::windows`.

#[cfg(feature = "tokio")]
mod runtime;
#[cfg(unix)]
pub mod unix;
#[cfg(feature = "tokio")]
mod waker_set;
#[cfg(windows)]
pub mod windows;

#[cfg(unix)]
pub(crate) use unix as imp;
#[cfg(windows)]
pub(crate) use windows as imp;
