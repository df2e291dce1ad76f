use super::{Name, NamespacedNameType, PathNameType};
use std::{
    borrow::Cow,
    ffi::{CStr, CString, OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

/// Conversion of a path to a [`Name`].
///
/// It is implemented for borrowed and owned paths, strings and C strings.
pub trait ToFsName<'s, S: ToOwned + ?Sized> {
    /// Makes a name of this path. `NT` is usually [`GenericFilePath`](crate::GenericFilePath).
    ///
    /// # Errors
    /// See [`PathNameType::map`].
    fn to_fs_name<NT: PathNameType<S>>(self) -> io::Result<Name<'s>>;
}

/// Conversion of a string to a namespaced [`Name`].
///
/// It is implemented for borrowed and owned strings and C strings.
pub trait ToNsName<'s, S: ToOwned + ?Sized> {
    /// Makes a namespaced name of this string. `NT` is usually
    /// [`GenericNamespaced`](crate::GenericNamespaced).
    ///
    /// # Errors
    /// See [`NamespacedNameType::map`].
    fn to_ns_name<NT: NamespacedNameType<S>>(self) -> io::Result<Name<'s>>;
}

/// Implements the trait of `$kind` (`fs`, `ns` or `both`) for `$from`; `$to_cow` converts it to
/// a `Cow<'s, $str>`.
macro_rules! convert {
    ($($kind:ident $from:ty => $str:ty, $to_cow:expr;)*) => {$( convert!(@$kind $from, $str, $to_cow); )*};
    (@fs $from:ty, $str:ty, $to_cow:expr) => {
        impl<'s> ToFsName<'s, $str> for $from {
            fn to_fs_name<NT: PathNameType<$str>>(self) -> io::Result<Name<'s>> {
                NT::map($to_cow(self))
            }
        }
    };
    (@ns $from:ty, $str:ty, $to_cow:expr) => {
        impl<'s> ToNsName<'s, $str> for $from {
            fn to_ns_name<NT: NamespacedNameType<$str>>(self) -> io::Result<Name<'s>> {
                NT::map($to_cow(self))
            }
        }
    };
    (@both $from:ty, $str:ty, $to_cow:expr) => {
        convert!(@fs $from, $str, $to_cow);
        convert!(@ns $from, $str, $to_cow);
    };
}

convert! {
    fs &'s Path => OsStr, |path: &'s Path| Cow::Borrowed(path.as_os_str());
    fs PathBuf => OsStr, |path: PathBuf| Cow::Owned(path.into_os_string());
    fs Cow<'s, Path> => OsStr, cow_path;
    both &'s str => OsStr, |text: &'s str| Cow::Borrowed(OsStr::new(text));
    both String => OsStr, |text: String| Cow::Owned(text.into());
    both Cow<'s, str> => OsStr, cow_str;
    both &'s OsStr => OsStr, Cow::Borrowed;
    both OsString => OsStr, Cow::Owned;
    both Cow<'s, OsStr> => OsStr, |text| text;
    both &'s CStr => CStr, Cow::Borrowed;
    both CString => CStr, Cow::Owned;
    both Cow<'s, CStr> => CStr, |text| text;
}

fn cow_path(path: Cow<'_, Path>) -> Cow<'_, OsStr> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path.as_os_str()),
        Cow::Owned(path) => Cow::Owned(path.into_os_string()),
    }
}

fn cow_str(text: Cow<'_, str>) -> Cow<'_, OsStr> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(OsStr::new(text)),
        Cow::Owned(text) => Cow::Owned(text.into()),
    }
}
