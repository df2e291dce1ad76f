//! The settings of the terminals of commands.

use super::raw_mode;
use rustix::{
    io,
    termios::{OptionalActions, tcgetattr, tcsetattr},
};
use std::os::fd::BorrowedFd;

/// Sets what a new terminal has before its command starts. If our terminal is in raw mode, the person
/// there types at the new one, which gets the settings that ours had before, as with script(1).
/// Otherwise the settings are those of the system, and erasing removes whole characters where text is
/// UTF-8.
pub(super) fn begin(terminal: BorrowedFd<'_>) -> io::Result<()> {
    let settings = match raw_mode::before() {
        Some(before) => before,
        None => {
            let mut settings = tcgetattr(terminal)?;
            utf8::set(&mut settings);
            settings
        }
    };
    tcsetattr(terminal, OptionalActions::Now, &settings)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod utf8 {
    use rustix::termios::{InputModes, Termios, tcgetattr};
    use std::{
        env,
        ffi::OsString,
        io::{stderr, stdin, stdout},
    };

    /// Sets whether text is UTF-8 (`termios(3)`, `IUTF8`): as at our terminal, or, without one, as in
    /// the locale.
    pub(super) fn set(settings: &mut Termios) {
        let ours =
            tcgetattr(stdin()).or_else(|_| tcgetattr(stdout())).or_else(|_| tcgetattr(stderr()));
        let is_utf8 = match ours {
            Ok(ours) => ours.input_modes.contains(InputModes::IUTF8),
            Err(_) => is_of_utf8(env::var_os),
        };
        settings.input_modes.set(InputModes::IUTF8, is_utf8);
    }

    /// Returns whether the locale is one of UTF-8 (`locale(7)`). `variable` returns a variable of the
    /// environment.
    fn is_of_utf8(variable: impl Fn(&'static str) -> Option<OsString>) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|locale| !locale.is_empty())
            .unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        let codeset = locale.split_once('.').map(|(_, codeset)| codeset);
        let codeset = codeset.and_then(|codeset| codeset.split('@').next());
        matches!(codeset, Some("utf-8" | "utf8"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_first_variable_that_is_not_empty_names_the_locale() {
            for (variables, is_utf8) in [
                (&[][..], false),
                (&[("LANG", "en_US.UTF-8")], true),
                (&[("LANG", "C.utf8")], true),
                (&[("LANG", "de_DE.UTF-8@euro")], true),
                (&[("LANG", "de_DE@euro")], false),
                (&[("LANG", "de_DE.ISO-8859-1")], false),
                (&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], false),
                (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], true),
                (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], true),
            ] {
                let variable = |name| {
                    let found = variables.iter().find(|(variable, _)| *variable == name);
                    found.map(|(_, value)| OsString::from(value))
                };
                assert_eq!(is_of_utf8(variable), is_utf8, "{variables:?}");
            }
        }
    }
}

/// Systems whose terminals erase bytes.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod utf8 {
    use rustix::termios::Termios;

    /// Does nothing: these systems have no such setting.
    pub(super) fn set(_: &mut Termios) {}
}
