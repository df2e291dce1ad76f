use super::token::{self, Token};
use std::{
    ffi::c_void,
    fmt::{self, Debug, Display, Formatter},
    io,
    str::FromStr,
};

/// Maximum number of sub-authorities of an identifier (SID_MAX_SUB_AUTHORITIES).
const MAX_PARTS: usize = 15;

/// A security identifier of a user, a group or another principal.
///
/// `Display` and [`FromStr`] use the text form of Microsoft's [Windows Data Types,
/// 2.4.2.1][text], such as `S-1-5-18`. It can be used in the text of a
/// [`SecurityDescriptor`](super::SecurityDescriptor).
///
/// ```
/// # #[cfg(windows)]
/// # fn main() -> std::io::Result<()> {
/// use local_socket::os::windows::Sid;
///
/// let system: Sid = "S-1-5-18".parse()?;
/// assert_ne!(Sid::current_user()?, system);
/// # Ok(()) }
/// # #[cfg(not(windows))] fn main() {}
/// ```
///
/// [text]: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-dtyp/c92a27b1-c772-4fa7-a432-15df5f1b66a1
// The layout is that of the system's SID. Unused parts are 0, so that equality is correct.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct Sid {
    revision: u8,
    count: u8,
    authority: [u8; 6],
    parts: [u32; MAX_PARTS],
}

impl Sid {
    /// Returns the user that this process runs as.
    ///
    /// # Errors
    /// An error of `OpenProcessToken` or `GetTokenInformation`.
    pub fn current_user() -> io::Result<Self> {
        token::user(&Token::own()?)
    }

    /// Returns the owner of the objects that this process creates without naming another one. It is
    /// the user, or the group of the administrators if the process runs with their rights (UAC:
    /// elevated).
    ///
    /// # Errors
    /// An error of `OpenProcessToken` or `GetTokenInformation`.
    pub fn default_owner() -> io::Result<Self> {
        token::owner(&Token::own()?)
    }

    /// Returns the primary group of this process.
    pub(super) fn current_group() -> io::Result<Self> {
        token::group(&Token::own()?)
    }

    /// Copies an identifier. Returns `None` for a null pointer.
    ///
    /// # Safety
    /// The pointer is null, or the identifier is valid (`IsValidSid`).
    pub(super) unsafe fn from_ptr(sid: *const c_void) -> Option<Self> {
        if sid.is_null() {
            return None;
        }
        let mut copy = Self { revision: 0, count: 0, authority: [0; 6], parts: [0; MAX_PARTS] };
        let sid = sid.cast::<Self>();
        // SAFETY: a valid identifier has all fields, and as many parts as its count says. Only
        // these are read, because the memory may end after them.
        unsafe {
            copy.revision = (*sid).revision;
            copy.count = (*sid).count.min(MAX_PARTS as u8);
            copy.authority = (*sid).authority;
            let parts = (&raw const (*sid).parts).cast::<u32>();
            for (at, part) in copy.parts.iter_mut().take(copy.count.into()).enumerate() {
                *part = parts.add(at).read_unaligned();
            }
        }
        Some(copy)
    }

    /// Returns a pointer for the system's functions, which only read the identifier.
    pub(super) fn as_ptr(&self) -> *const c_void {
        (&raw const *self).cast()
    }

    fn parts(&self) -> &[u32] {
        self.parts.get(..self.count.into()).unwrap_or_default()
    }
}

impl Display for Sid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.authority;
        let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, g]);
        write!(f, "S-{}-", self.revision)?;
        if u32::try_from(authority).is_ok() {
            write!(f, "{authority}")?;
        } else {
            write!(f, "0x{authority:012X}")?;
        }
        self.parts().iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

impl Debug for Sid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

impl FromStr for Sid {
    type Err = io::Error;

    /// Parses the text form that [`Display`] prints.
    ///
    /// # Errors
    /// `InvalidInput` for other texts, also for the abbreviations of the Security Descriptor
    /// Definition Language.
    fn from_str(text: &str) -> io::Result<Self> {
        parse(text).ok_or_else(|| {
            let text = format!("invalid security identifier `{}`", text.escape_debug());
            io::Error::new(io::ErrorKind::InvalidInput, text)
        })
    }
}

fn parse(text: &str) -> Option<Sid> {
    let mut words = text.split('-');
    if words.next() != Some("S") || words.next() != Some("1") {
        return None;
    }
    let word = words.next()?;
    let authority = match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(digits(hex, 16)?, 16).ok()?,
        None => u64::from(digits(word, 10)?.parse::<u32>().ok()?),
    };
    let [0, 0, authority @ ..] = authority.to_be_bytes() else { return None };
    let mut sid = Sid { revision: 1, count: 0, authority, parts: [0; MAX_PARTS] };
    for word in words {
        *sid.parts.get_mut(usize::from(sid.count))? = digits(word, 10)?.parse().ok()?;
        sid.count += 1;
    }
    Some(sid)
}

/// Returns the text if it consists of digits only. The `parse` of numbers would accept a sign.
fn digits(text: &str, radix: u32) -> Option<&str> {
    text.chars().all(|c| c.is_digit(radix)).then_some(text)
}
