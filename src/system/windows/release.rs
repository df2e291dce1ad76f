/// The system and its version.
pub(crate) fn name() -> String {
    let system = os_info::get();
    format!("{} {}", system.os_type(), system.version())
}

/// The kernel has no version of its own.
pub(crate) fn kernel() -> Option<String> {
    None
}
