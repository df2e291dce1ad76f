use super::{Name, NameKind};
use std::fmt::{self, Display, Formatter, Write as _};

/// The form that a person types: [`Name::parse`] makes the same name of it again.
///
/// What could move a terminal's cursor or is no text comes as hexadecimal digits.
///
/// # Platform-specific behaviour
/// On Windows, whose grammar has no digits, such characters are escaped, and the
/// printed name is for reading only. A name of `SpecialDirUdSocket` on Linux is
/// printed as the path of its file.
impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.kind {
            NameKind::Pipe => {
                let text = self.text.to_string_lossy();
                // A pipe of another machine is read only where it is asked for in so many words.
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
    /// The text, where it can be printed as it is.
    fn plain_text(&self) -> Option<&str> {
        self.text.to_str().filter(|text| text.chars().all(is_plain))
    }

    /// Where the grammar has no word for a name of the runtime folder: its path.
    fn runtime_path(&self) -> Option<Name<'static>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return crate::os::unix::runtime_dir::first_path(self);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        None
    }
}

/// Whether the grammar takes the text for a path without further ado.
fn reads_as_path(text: &str) -> bool {
    text.contains('/')
        && !["@", "fs:", "ns:", "fs-hex:", "ns-hex:"].iter().any(|prefix| text.starts_with(prefix))
}

/// Whether a character stays where it is printed: neither a control character nor
/// one that changes the direction or the look of its neighbours. A [`Name`] is printed
/// with such characters only.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Writes text with everything escaped that is not [plain](is_plain).
pub(crate) fn write_escaped(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if is_plain(c) { f.write_char(c) } else { write!(f, "{}", c.escape_default()) }
    })
}

fn write_hex(f: &mut Formatter<'_>, prefix: &str, bytes: &[u8]) -> fmt::Result {
    f.write_str(prefix)?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
