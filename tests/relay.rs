//! `lsock relay`, subject by subject.

pub(crate) mod everywhere;

#[cfg(unix)]
mod absent_targets;
#[cfg(unix)]
mod basics;
#[cfg(unix)]
mod commands;
#[cfg(target_os = "linux")]
mod load;
#[cfg(unix)]
mod losses;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod slow_readers;
#[cfg(target_os = "linux")]
mod late_losses;
#[cfg(unix)]
mod usage;
