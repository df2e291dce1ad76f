//! Conversions between the enums of this crate and handles. They are those of the variants'
//! types.

use crate::{Listener, RecvHalf, SendHalf, Stream, error::FromHandleError};
use std::os::windows::io::OwnedHandle;

macro_rules! as_handle {
    ($($type:ident)*) => {$(
        impl std::os::windows::io::AsHandle for $type {
            fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
                let Self::NamedPipe(inner) = self;
                inner.as_handle()
            }
        }
    )*};
}
#[cfg(feature = "tokio")]
pub(super) use as_handle;

as_handle! { Stream RecvHalf SendHalf }

macro_rules! into_handle {
    ($($type:ident)*) => {$(
        impl From<$type> for OwnedHandle {
            fn from(this: $type) -> Self {
                let $type::NamedPipe(inner) = this;
                inner.into()
            }
        }
    )*};
}
into_handle! { Stream Listener }

impl TryFrom<OwnedHandle> for Stream {
    type Error = FromHandleError;

    fn try_from(handle: OwnedHandle) -> Result<Self, FromHandleError> {
        handle.try_into().map(Self::NamedPipe)
    }
}
