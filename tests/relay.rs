//! `lsock relay`, subject by subject.

pub(crate) mod everywhere;

#[cfg(unix)]
mod absent_targets;
#[cfg(unix)]
mod basics;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod faults;
#[cfg(target_os = "linux")]
mod load;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod signals;
#[cfg(target_os = "linux")]
mod undecided;
#[cfg(unix)]
mod usage;
