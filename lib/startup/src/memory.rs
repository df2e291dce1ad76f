//! Memory that is free but still belongs to the process.

/// Returns free memory of the allocator to the system.
///
/// The allocator of glibc otherwise keeps all free memory that lies below a piece in use
/// (`malloc_trim(3)`). Other allocators return it without this call, which does nothing there.
pub fn release_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call changes no memory that is in use, and may be made from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
