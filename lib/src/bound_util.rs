//! Traits for types whose shared references can be read from or written to.
//!
//! A trait with the bound `for<'a> &'a Self: Read` has to be repeated with that bound by each
//! of its users. These traits have the same meaning and can be supertraits. They are
//! implemented for all types that meet the bound.

#[cfg(feature = "tokio")]
use ::tokio::io::{AsyncRead, AsyncWrite};
use std::io::{Read, Write};

/// Types that can be read from through a shared reference.
pub trait RefRead {
    /// The reader that [`as_read`](Self::as_read) returns.
    type Read<'a>: Read
    where
        Self: 'a;
    /// Returns a reader that borrows this value.
    fn as_read(&self) -> Self::Read<'_>;
}

impl<T: ?Sized> RefRead for T
where
    for<'a> &'a T: Read,
{
    type Read<'a>
        = &'a T
    where
        Self: 'a;
    fn as_read(&self) -> Self::Read<'_> {
        self
    }
}

/// Types that can be written to through a shared reference.
pub trait RefWrite {
    /// The writer that [`as_write`](Self::as_write) returns.
    type Write<'a>: Write
    where
        Self: 'a;
    /// Returns a writer that borrows this value.
    fn as_write(&self) -> Self::Write<'_>;
}

impl<T: ?Sized> RefWrite for T
where
    for<'a> &'a T: Write,
{
    type Write<'a>
        = &'a T
    where
        Self: 'a;
    fn as_write(&self) -> Self::Write<'_> {
        self
    }
}

/// Types that can be read from asynchronously through a shared reference.
#[cfg(feature = "tokio")]
pub trait RefTokioAsyncRead {
    /// The reader that [`as_tokio_async_read`](Self::as_tokio_async_read) returns.
    type Read<'a>: AsyncRead
    where
        Self: 'a;
    /// Returns a reader that borrows this value.
    fn as_tokio_async_read(&self) -> Self::Read<'_>;
}

#[cfg(feature = "tokio")]
impl<T: ?Sized> RefTokioAsyncRead for T
where
    for<'a> &'a T: AsyncRead,
{
    type Read<'a>
        = &'a T
    where
        Self: 'a;
    fn as_tokio_async_read(&self) -> Self::Read<'_> {
        self
    }
}

/// Types that can be written to asynchronously through a shared reference.
#[cfg(feature = "tokio")]
pub trait RefTokioAsyncWrite {
    /// The writer that [`as_tokio_async_write`](Self::as_tokio_async_write) returns.
    type Write<'a>: AsyncWrite
    where
        Self: 'a;
    /// Returns a writer that borrows this value.
    fn as_tokio_async_write(&self) -> Self::Write<'_>;
}

#[cfg(feature = "tokio")]
impl<T: ?Sized> RefTokioAsyncWrite for T
where
    for<'a> &'a T: AsyncWrite,
{
    type Write<'a>
        = &'a T
    where
        Self: 'a;
    fn as_tokio_async_write(&self) -> Self::Write<'_> {
        self
    }
}
