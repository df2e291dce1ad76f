//! The entry of the program.

/// Defines the `main` function of a program: it calls the function without arguments that is named, and
/// exits with the status that this returns.
///
/// If the crate has the cfg `without_runtime`, for Linux with glibc, and is `no_main`, the program starts
/// without Rust's runtime. That reads the map of the process's memory and installs handlers, only to
/// say that a stack has overflowed before the process dies of it; this takes a tenth of the time of a short
/// connection. The function `start` does what else the runtime does: standard descriptors that are closed
/// become `/dev/null`, and `SIGPIPE` is ignored.
#[macro_export]
macro_rules! main {
    ($run:path) => {
        // SAFETY: this is the `main` of C, and the only one.
        #[cfg(all(without_runtime, not(test)))]
        #[unsafe(no_mangle)]
        extern "C" fn main() -> i32 {
            $crate::start($run)
        }

        #[cfg(not(all(without_runtime, not(test))))]
        fn main() {
            // `ExitCode` has only 8 of the 32 bits of an exit status on Windows.
            ::std::process::exit($run());
        }
    };
}
