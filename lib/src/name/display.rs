use super::{Name, NameKind};
use std::fmt::{self, Display, Formatter, Write as _};

/// Prints the name as a user types it, so that [`Name::parse`] returns the same name.
///
/// A name that is not UTF-8, or contains control characters or others that could change a
/// terminal, is printed as hexadecimal digits (`fs-hex:`, `ns-hex:`).
///
/// # Platform-specific behaviour
/// Windows has no form with digits: such characters are escaped, and the text cannot be parsed
/// again. On Linux a name of type `SpecialDirUdSocket` is printed as the path of its file.
impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.kind {
            NameKind::Pipe => {
                let text = self.text.to_string_lossy();
                // `parse` refuses pipes of other machines without the prefix.
                if !text.starts_with(r"\\.\") {
                    f.write_str("fs:")?;
                }
                write_escaped(f, &text)
            }
            NameKind::File => match self.plain_text() {
                None => write_hex(f, "fs-hex:", self.as_bytes()),
                Some(text) if reads_as_path(text) => f.write_str(text),
                Some(text) => write!(f, "fs:{text}"),
            },
            NameKind::Abstract => match self.plain_text() {
                None => write_hex(f, "ns-hex:", self.as_bytes()),
                Some(text) => write!(f, "@{text}"),
            },
            NameKind::RuntimeDir => match self.runtime_path() {
                Some(path) => path.fmt(f),
                None => write_escaped(f, &format!("@{}", self.text.to_string_lossy())),
            },
        }
    }
}

impl Name<'_> {
    /// Returns the text if it can be printed unchanged.
    fn plain_text(&self) -> Option<&str> {
        self.text.to_str().filter(|text| text.chars().all(is_plain))
    }

    /// Returns the path of a name in the runtime folder on systems whose grammar has no form
    /// for such names.
    fn runtime_path(&self) -> Option<Name<'static>> {
        #[cfg(linux_like)]
        return crate::os::unix::runtime_dir::first_path(self);
        #[cfg(not(linux_like))]
        None
    }
}

/// Returns whether `parse` reads the text as a path without a prefix. A colon before the first
/// slash can be the end of a prefix, here or in a program that knows more kinds of addresses, and
/// a shell replaces `~` at the beginning.
fn reads_as_path(text: &str) -> bool {
    let first = text.split_once('/').map(|(first, _)| first);
    first.is_some_and(|first| !first.starts_with(['@', '~']) && !first.contains(':'))
}

/// Returns whether a character can be printed to a terminal without side effects: it is not a
/// control character and does not change the direction or the shape of its neighbours.
///
/// The `Display` output of a [`Name`] contains only such characters.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Writes text and escapes the characters that are not [plain](is_plain).
pub(crate) fn write_escaped(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if is_plain(c) { f.write_char(c) } else { write!(f, "{}", c.escape_default()) }
    })
}

fn write_hex(f: &mut Formatter<'_>, prefix: &str, bytes: &[u8]) -> fmt::Result {
    f.write_str(prefix)?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
