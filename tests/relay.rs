//! `lsock relay`.

mod absent_targets;
mod activation;
mod basics;
mod closed_targets;
mod commands;
mod dialogues;
mod directions;
#[cfg(target_os = "linux")]
mod hosts;
#[cfg(target_os = "linux")]
mod late_losses;
mod limits;
#[cfg(target_os = "linux")]
mod load;
mod losses;
mod reports;
mod signals;
mod slow_readers;
mod usage;
