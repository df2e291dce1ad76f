//! Conversions between the enums of this crate and descriptors or types of the standard library.
//! They are those of the variants' types.

use crate::{Listener, RecvHalf, SendHalf, Stream};
use std::os::{
    fd::OwnedFd,
    unix::net::{UnixListener, UnixStream},
};

macro_rules! convert {
    ($($type:ident: from $($from:ty),*; into $($into:ty),*; try_from $($try_from:ty),*;)*) => {$(
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                let Self::UdSocket(inner) = self;
                inner.as_fd()
            }
        }
        $(
            impl From<$from> for $type {
                fn from(other: $from) -> Self {
                    Self::UdSocket(other.into())
                }
            }
        )*
        $(
            impl From<$type> for $into {
                fn from(this: $type) -> Self {
                    let $type::UdSocket(inner) = this;
                    inner.into()
                }
            }
        )*
        $(
            /// The errors are those of the conversion to the variant's type.
            impl TryFrom<$try_from> for $type {
                type Error = std::io::Error;
                fn try_from(other: $try_from) -> std::io::Result<Self> {
                    other.try_into().map(Self::UdSocket)
                }
            }
        )*
    )*};
}
#[cfg(feature = "tokio")]
pub(super) use convert;

convert! {
    Stream: from OwnedFd, UnixStream; into OwnedFd, UnixStream; try_from ;
    Listener: from OwnedFd, UnixListener; into OwnedFd, UnixListener; try_from ;
    RecvHalf: from ; into ; try_from ;
    SendHalf: from ; into ; try_from ;
}
