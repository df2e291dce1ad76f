//! `lsock relay`, subject by subject.

pub(crate) mod everywhere;

#[cfg(unix)]
mod absent_targets;
#[cfg(unix)]
mod basics;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod dialogues;
#[cfg(unix)]
mod directions;
#[cfg(target_os = "linux")]
mod late_losses;
#[cfg(unix)]
mod limits;
#[cfg(target_os = "linux")]
mod load;
#[cfg(unix)]
mod losses;
#[cfg(unix)]
mod reports;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod slow_readers;
#[cfg(unix)]
mod usage;
