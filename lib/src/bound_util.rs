//! Bounds of the form "`&T` can be read from", which a trait cannot ask of its
//! implementors in another way.

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
