//! The key by which a person at a terminal in raw mode leaves the connection.

use std::{
    fmt::{self, Debug, Display, Formatter},
    str::FromStr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// The key that leaves. It is not sent to the peer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaveKey {
    /// A control character.
    Control(u8),
    /// No key: every key is sent to the peer.
    None,
}

impl LeaveKey {
    /// Returns the bytes before the key, and whether the key follows them.
    #[cfg_attr(windows, allow(dead_code, reason = "consoles have no raw mode"))]
    pub(super) fn split(self, typed: &[u8]) -> (&[u8], bool) {
        match self {
            Self::Control(key) => match typed.iter().position(|byte| *byte == key) {
                Some(place) => (&typed[..place], true),
                None => (typed, false),
            },
            Self::None => (typed, false),
        }
    }
}

/// The letter of a control character is its code with this bit changed: `^A` is 1, `^?` is 127.
const CONTROL: u8 = 0x40;

impl FromStr for LeaveKey {
    type Err = &'static str;

    /// Parses `^` and the letter of a control character, or `none`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::None);
        }
        match text.as_bytes() {
            [b'^', letter] if matches!(letter.to_ascii_uppercase(), b'?'..=b'_') => {
                Ok(Self::Control(letter.to_ascii_uppercase() ^ CONTROL))
            }
            _ => Err(
                "it takes ^ and a letter or one of @ [ \\ ] ^ _ ?, such as ^], or none for no key",
            ),
        }
    }
}

/// Formats the key as typed on the command line.
impl Display for LeaveKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control(key) => write!(f, "^{}", char::from(key ^ CONTROL)),
            Self::None => f.write_str("none"),
        }
    }
}

/// Reports that the key was pressed to the thread that waits for the end of the transfer.
#[derive(Default)]
pub(crate) struct Leaving {
    has_left: AtomicBool,
    wake: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Leaving {
    /// Returns whether the key was pressed.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::SeqCst)
    }

    /// Sets the function that is called when the key is pressed.
    pub(crate) fn on_leave(&self, wake: impl Fn() + Send + 'static) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(wake));
    }

    /// Records that the key was pressed.
    #[cfg_attr(windows, allow(dead_code, reason = "consoles have no raw mode"))]
    pub(super) fn leave(&self) {
        self.has_left.store(true, Ordering::SeqCst);
        if let Some(wake) = &*self.wake.lock().unwrap_or_else(PoisonError::into_inner) {
            wake();
        }
    }
}

impl Debug for Leaving {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaving").field("has_left", &self.has_left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_control_character_or_none() {
        for (text, byte) in [
            ("^]", 0x1d),
            ("^\\", 0x1c),
            ("^A", 1),
            ("^x", 24),
            ("^@", 0),
            ("^^", 0x1e),
            ("^_", 0x1f),
            ("^[", 0x1b),
            ("^?", 0x7f),
        ] {
            assert_eq!(text.parse(), Ok(LeaveKey::Control(byte)), "{text}");
            assert_eq!(LeaveKey::Control(byte).to_string(), text.to_ascii_uppercase());
        }
        assert_eq!("none".parse(), Ok(LeaveKey::None));
        for text in ["", "^", "x", "]", "^1", "^]]", "^>", "^`", "^{", "ctrl-]", "None", "^ä"] {
            assert!(text.parse::<LeaveKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_was_typed_before_the_key_is_sent() {
        let key = LeaveKey::Control(0x1d);
        assert_eq!(key.split(b"ab\x1dcd\x1d"), (&b"ab"[..], true));
        assert_eq!(key.split(b"\x1d"), (&b""[..], true));
        assert_eq!(key.split(b"ab"), (&b"ab"[..], false));
        assert_eq!(LeaveKey::None.split(b"ab\x1d"), (&b"ab\x1d"[..], false));
    }
}
