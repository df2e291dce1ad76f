//! Name and version of the system (`uname(2)`, `os-release(5)`).

use std::{ffi::CStr, fs};

/// Returns the system and its version; on Linux those of the distribution.
pub(crate) fn os_name() -> String {
    let files = ["/etc/os-release", "/usr/lib/os-release"];
    let text = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    let pretty = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let words = pretty.and_then(shlex::split);
    match words.as_deref() {
        Some([name]) => name.clone(),
        _ => kernel_version().unwrap_or_default(),
    }
}

/// Returns the kernel and its version.
pub(crate) fn kernel_version() -> Option<String> {
    let names = rustix::system::uname();
    let text = |name: &CStr| name.to_string_lossy().into_owned();
    Some(format!("{} {}", text(names.sysname()), text(names.release())))
}
