use std::time::SystemTime;

/// A process, as the system describes it (on Linux in `/proc/PID`, see `proc(5)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFacts {
    /// The process ID in the namespace of `/proc`.
    pub pid: u32,
    /// The name of the program, at most 15 bytes.
    pub command: String,
    /// The effective user.
    pub uid: u32,
    /// When the process was started.
    pub started: Option<SystemTime>,
}
