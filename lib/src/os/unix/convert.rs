//! Conversions between the crate's enums and descriptors or std's types: those that
//! their variants' types have.

use crate::{Listener, RecvHalf, SendHalf, Stream};
use std::os::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    unix::net::{UnixListener, UnixStream},
};

macro_rules! convert {
    ($($type:ident: $($other:ty),*;)*) => {$(
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                let Self::UdSocket(inner) = self;
                inner.as_fd()
            }
        }
        $(
            impl From<$other> for $type {
                fn from(other: $other) -> Self {
                    Self::UdSocket(other.into())
                }
            }
            impl From<$type> for $other {
                fn from(this: $type) -> Self {
                    let $type::UdSocket(inner) = this;
                    inner.into()
                }
            }
        )*
    )*};
}
convert! {
    Stream: OwnedFd, UnixStream;
    Listener: OwnedFd, UnixListener;
    RecvHalf: ;
    SendHalf: ;
}
