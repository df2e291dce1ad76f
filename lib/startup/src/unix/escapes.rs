/// Returns whether standard error takes escape sequences, such as those of colours: terminals do.
pub fn stderr_takes_escapes() -> bool {
    true
}

/// Returns whether standard output takes escape sequences, like [`stderr_takes_escapes`].
pub fn stdout_takes_escapes() -> bool {
    true
}
