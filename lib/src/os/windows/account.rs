use super::sid::Sid;
use std::{
    fmt::{self, Debug, Display, Formatter},
    io, ptr,
};
use widestring::{U16CString, U16String};
use windows_sys::Win32::{
    Foundation::ERROR_NONE_MAPPED,
    Security::{
        LookupAccountNameW, LookupAccountSidW, SID_NAME_USE, SidTypeAlias, SidTypeComputer,
        SidTypeGroup, SidTypeUser, SidTypeWellKnownGroup,
    },
};

/// Length of the buffers for names, in UTF-16 units. A user name has at most 256 (UNLEN), a domain
/// name at most 255 (DNS_MAX_NAME_LENGTH).
const MAX_NAME: usize = 512;

/// Length of the buffer for an identifier, in words of 4 bytes (SECURITY_MAX_SID_SIZE).
const MAX_SID: usize = 17;

/// An account that the system knows: its identifier, name and kind.
///
/// Both functions that create it may ask a domain controller, and block the thread meanwhile.
///
/// ```
/// # #[cfg(windows)]
/// # fn main() -> std::io::Result<()> {
/// use local_socket::os::windows::{Account, Sid};
///
/// let account = Account::of(Sid::current_user()?)?;
/// println!("{account}: {}", account.sid());
/// # Ok(()) }
/// # #[cfg(not(windows))] fn main() {}
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account {
    sid: Sid,
    domain: String,
    name: String,
    kind: AccountKind,
}

/// The kind of an account ([`SID_NAME_USE`][doc]).
///
/// [doc]: https://learn.microsoft.com/en-us/windows/win32/api/winnt/ne-winnt-sid_name_use
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// A user.
    User,
    /// A group of a domain, or a local group.
    Group,
    /// A well-known group. The accounts of services, such as SYSTEM, count as such.
    WellKnown,
    /// The account of a computer.
    Computer,
    /// None of these, such as a domain.
    Other,
}

impl Account {
    /// Looks up an account by its name: `NAME`, `DOMAIN\NAME` or `NAME@DOMAIN`. A name without a
    /// domain is searched for in the order that [`LookupAccountNameW`][doc] describes.
    ///
    /// # Errors
    /// `NotFound` if there is no such account, `InvalidInput` for a name with a NUL, or another
    /// error of `LookupAccountNameW` or `LookupAccountSidW`.
    ///
    /// [doc]: https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-lookupaccountnamew
    pub fn named(name: &str) -> io::Result<Self> {
        if name.contains('\0') {
            let text = "the name of the account holds a NUL";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let wide = U16CString::from_str_truncate(name);
        let (mut sid, mut sid_len) = ([0_u32; MAX_SID], (MAX_SID * size_of::<u32>()) as u32);
        let (mut domain, mut domain_len) = ([0_u16; MAX_NAME], MAX_NAME as u32);
        let mut kind: SID_NAME_USE = 0;
        // SAFETY: the name ends with a NUL, the other buffers have the given lengths, the pointers
        // are valid.
        let ok = unsafe {
            LookupAccountNameW(
                ptr::null(),
                wide.as_ptr(),
                sid.as_mut_ptr().cast(),
                &raw mut sid_len,
                domain.as_mut_ptr(),
                &raw mut domain_len,
                &raw mut kind,
            )
        };
        if ok == 0 {
            return Err(last_error());
        }
        // SAFETY: the system has written a valid identifier.
        let sid = unsafe { Sid::from_ptr(sid.as_ptr().cast()) };
        // The system spells the name in another way: with the domain, and with other capitals.
        Self::of(sid.ok_or_else(not_found)?)
    }

    /// Looks up the account of an identifier.
    ///
    /// # Errors
    /// `NotFound` if there is no account with this identifier, or it cannot be looked up because no
    /// domain controller answers; or another error of [`LookupAccountSidW`][doc].
    ///
    /// [doc]: https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-lookupaccountsidw
    pub fn of(sid: Sid) -> io::Result<Self> {
        let (mut name, mut name_len) = ([0_u16; MAX_NAME], MAX_NAME as u32);
        let (mut domain, mut domain_len) = ([0_u16; MAX_NAME], MAX_NAME as u32);
        let mut kind: SID_NAME_USE = 0;
        // SAFETY: the identifier is valid and only read, the buffers have the given lengths, the
        // pointers are valid.
        let ok = unsafe {
            LookupAccountSidW(
                ptr::null(),
                sid.as_ptr().cast_mut(),
                name.as_mut_ptr(),
                &raw mut name_len,
                domain.as_mut_ptr(),
                &raw mut domain_len,
                &raw mut kind,
            )
        };
        if ok == 0 {
            return Err(last_error());
        }
        Ok(Self { sid, domain: text(&domain), name: text(&name), kind: kind_of(kind) })
    }

    /// Returns the security identifier.
    #[must_use]
    pub fn sid(&self) -> Sid {
        self.sid
    }

    /// Returns the name without the domain.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the domain or the computer that the account belongs to. It is empty for some
    /// well-known groups, such as Everyone.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the kind of the account.
    #[must_use]
    pub fn kind(&self) -> AccountKind {
        self.kind
    }
}

/// Formats it as `DOMAIN\NAME`, or as the name alone if there is no domain.
impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.domain.is_empty() {
            write!(f, r"{}\", self.domain)?;
        }
        f.write_str(&self.name)
    }
}

impl Debug for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Account({self}, {}, {:?})", self.sid, self.kind)
    }
}

/// Returns the text before the first NUL.
fn text(buffer: &[u16]) -> String {
    let len = buffer.iter().position(|unit| *unit == 0).unwrap_or(buffer.len());
    U16String::from_vec(&buffer[..len]).to_string_lossy()
}

fn kind_of(kind: SID_NAME_USE) -> AccountKind {
    const USER: SID_NAME_USE = SidTypeUser;
    const GROUP: SID_NAME_USE = SidTypeGroup;
    const LOCAL_GROUP: SID_NAME_USE = SidTypeAlias;
    const WELL_KNOWN: SID_NAME_USE = SidTypeWellKnownGroup;
    const COMPUTER: SID_NAME_USE = SidTypeComputer;
    match kind {
        USER => AccountKind::User,
        GROUP | LOCAL_GROUP => AccountKind::Group,
        WELL_KNOWN => AccountKind::WellKnown,
        COMPUTER => AccountKind::Computer,
        _ => AccountKind::Other,
    }
}

fn last_error() -> io::Error {
    let error = io::Error::last_os_error();
    let is_none_mapped = error.raw_os_error() == Some(ERROR_NONE_MAPPED as i32);
    if is_none_mapped { not_found() } else { error }
}

fn not_found() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no such account")
}
