//! Macros for code that only passes calls on.

/// Defines an enum with one variant for each system, and gives access to the value in it: the
/// backend.
macro_rules! backend_enum {
    ($(#[$meta:meta])* pub enum $name:ident($backend:ty);) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $name {
            /// The type for named pipes.
            #[cfg(windows)]
            NamedPipe($backend),
            /// The type for Unix domain sockets.
            #[cfg(unix)]
            UdSocket($backend),
        }

        #[allow(dead_code, reason = "not every enum uses all of these methods")]
        impl $name {
            fn backend(&self) -> &$backend {
                #[cfg(windows)]
                let Self::NamedPipe(backend) = self;
                #[cfg(unix)]
                let Self::UdSocket(backend) = self;
                backend
            }

            fn backend_mut(&mut self) -> &mut $backend {
                #[cfg(windows)]
                let Self::NamedPipe(backend) = self;
                #[cfg(unix)]
                let Self::UdSocket(backend) = self;
                backend
            }

            pub(crate) fn into_backend(self) -> $backend {
                #[cfg(windows)]
                let Self::NamedPipe(backend) = self;
                #[cfg(unix)]
                let Self::UdSocket(backend) = self;
                backend
            }
        }

        impl From<$backend> for $name {
            fn from(backend: $backend) -> Self {
                #[cfg(windows)]
                return Self::NamedPipe(backend);
                #[cfg(unix)]
                Self::UdSocket(backend)
            }
        }

        impl $crate::name::sealed::Sealed for $name {}
    };
}

/// Implements traits by passing each call on to another value, which has methods of the same names.
///
/// `impl Read for T` and `impl Write for T` stand for two implementations: one for `&T`, and one
/// for `T` by way of `&T`. All other traits are implemented for the given type only.
macro_rules! delegate {
    () => {};
    (impl Read for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl std::io::Read for &$type {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                let $this = &**self;
                $inner.read(buf)
            }
            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                let $this = &**self;
                $inner.read_vectored(bufs)
            }
        }
        impl std::io::Read for $type {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                std::io::Read::read(&mut &*self, buf)
            }
            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                std::io::Read::read_vectored(&mut &*self, bufs)
            }
        }
        delegate! { $($rest)* }
    };
    (impl Write for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl std::io::Write for &$type {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                let $this = &**self;
                $inner.write(buf)
            }
            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                let $this = &**self;
                $inner.write_vectored(bufs)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                let $this = &**self;
                $inner.flush()
            }
        }
        impl std::io::Write for $type {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                std::io::Write::write(&mut &*self, buf)
            }
            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                std::io::Write::write_vectored(&mut &*self, bufs)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                std::io::Write::flush(&mut &*self)
            }
        }
        delegate! { $($rest)* }
    };
    (impl AsyncRead for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl ::tokio::io::AsyncRead for $type {
            delegate! {
                @poll |$this| $inner;
                fn poll_read(buf: &mut ::tokio::io::ReadBuf<'_>) -> ();
            }
        }
        delegate! { $($rest)* }
    };
    (impl AsyncWrite for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl ::tokio::io::AsyncWrite for $type {
            delegate! {
                @poll |$this| $inner;
                fn poll_write(buf: &[u8]) -> usize;
                fn poll_write_vectored(bufs: &[std::io::IoSlice<'_>]) -> usize;
                fn poll_flush() -> ();
                fn poll_shutdown() -> ();
            }
            fn is_write_vectored(&self) -> bool {
                true
            }
        }
        delegate! { $($rest)* }
    };
    (
        @poll |$this:ident| $inner:expr;
        $(fn $method:ident($($arg:ident: $arg_type:ty)?) -> $output:ty;)*
    ) => {$(
        fn $method(
            self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            $($arg: $arg_type)?
        ) -> std::task::Poll<std::io::Result<$output>> {
            let $this = self.get_mut();
            $inner.$method(cx $(, $arg)?)
        }
    )*};
    // The asynchronous traits of halves, which have no methods.
    (impl $half:ident for $type:ty, of $stream:ty; $($rest:tt)*) => {
        impl $crate::traits::tokio::$half for $type {
            type Stream = $stream;
        }
        delegate! { $($rest)* }
    };
    (impl StreamCommon for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl $crate::traits::StreamCommon for $type {
            fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                let $this = self;
                $inner.take_error()
            }
            fn peer_creds(&self) -> std::io::Result<$crate::PeerCreds> {
                let $this = self;
                $inner.peer_creds()
            }
            fn peer_creds_with_groups(&self) -> std::io::Result<$crate::PeerCreds> {
                let $this = self;
                $inner.peer_creds_with_groups()
            }
            fn peer_hung_up(&self) -> std::io::Result<bool> {
                let $this = self;
                $inner.peer_hung_up()
            }
            fn local_name(&self) -> std::io::Result<Option<$crate::Name<'static>>> {
                let $this = self;
                $inner.local_name()
            }
            fn peer_name(&self) -> std::io::Result<Option<$crate::Name<'static>>> {
                let $this = self;
                $inner.peer_name()
            }
        }
        delegate! { $($rest)* }
    };
    (impl AsFd for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                let $this = self;
                $inner.as_fd()
            }
        }
        delegate! { $($rest)* }
    };
    (impl AsHandle for $type:ty, via |$this:ident| $inner:expr; $($rest:tt)*) => {
        impl std::os::windows::io::AsHandle for $type {
            fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
                let $this = self;
                $inner.as_handle()
            }
        }
        delegate! { $($rest)* }
    };
}
