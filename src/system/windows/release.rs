/// Returns the system and its version.
pub(crate) fn os_name() -> String {
    let system = os_info::get();
    format!("{} {}", system.os_type(), system.version())
}

/// Returns `None`: the kernel has the version of the system.
pub(crate) fn kernel_version() -> Option<String> {
    None
}
