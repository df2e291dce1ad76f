//! Plays one end of a recorded connection, and compares what the other end sends with the recording.

mod comparison;
mod difference;
mod pace;
mod play;
mod progress;
mod receiving;
mod sending;

pub(crate) use difference::Difference;
pub(crate) use pace::Pace;
pub(crate) use play::{Mismatch, ReplaySettings, play};
