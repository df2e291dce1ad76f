//! Bounds of the form "`&T` can be read from", which a trait cannot ask of its
//! implementors in another way.

#[cfg(feature = "tokio")]
use ::tokio::io::{AsyncRead, AsyncWrite};
use std::io::{Read, Write};

/// Types that can be read from through a shared reference.
pub trait RefRead {
    /// What [`as_read`](Self::as_read) lends.
    type Read<'a>: Read
    where
        Self: 'a;
    /// Lends a reader.
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
    /// What [`as_write`](Self::as_write) lends.
    type Write<'a>: Write
    where
        Self: 'a;
    /// Lends a writer.
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
    /// What [`as_tokio_async_read`](Self::as_tokio_async_read) lends.
    type Read<'a>: AsyncRead
    where
        Self: 'a;
    /// Lends a reader.
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
    /// What [`as_tokio_async_write`](Self::as_tokio_async_write) lends.
    type Write<'a>: AsyncWrite
    where
        Self: 'a;
    /// Lends a writer.
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
