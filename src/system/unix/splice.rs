use super::super::{Input, Output};
use local_socket::Stream;
use std::io;

/// Moves bytes between a pipe and a socket within the kernel (`splice(2)`, Linux).
#[derive(Debug)]
pub(crate) struct Splicer {
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is none elsewhere"))]
    size: usize,
}

/// What is moved at most by one call, and the size that pipes are grown to.
#[cfg(target_os = "linux")]
const SIZE: usize = 1 << 20;

#[cfg(not(target_os = "linux"))]
impl Splicer {
    pub(crate) fn sending(_: &Input, _: Option<usize>) -> Option<Self> {
        None
    }

    pub(crate) fn receiving(_: &Output, _: Option<usize>) -> Option<Self> {
        None
    }

    pub(crate) fn send(&self, _: &Input, _: &Stream) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn receive(&self, _: &Stream, _: &Output) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn wait(&self, _: &Stream) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Input, Output, SIZE, Splicer, Stream, io};
    use rustix::{
        event::{PollFd, PollFlags},
        fs::{FileType, fstat},
        io::Errno,
        pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, splice},
    };
    use std::os::fd::AsFd;

    impl Splicer {
        /// For sending from the input, if it is a pipe.
        pub(crate) fn sending(input: &Input, size: Option<usize>) -> Option<Self> {
            Self::new(input, size)
        }

        /// For receiving into the output, if it is a pipe.
        pub(crate) fn receiving(output: &Output, size: Option<usize>) -> Option<Self> {
            Self::new(output, size)
        }

        fn new(pipe: &impl AsFd, size: Option<usize>) -> Option<Self> {
            let mode = fstat(pipe).ok()?.st_mode;
            if FileType::from_raw_mode(mode) != FileType::Fifo {
                return None;
            }
            let size = size.unwrap_or(SIZE);
            // More than the user's limit is refused (pipe(7)); then it stays as it is.
            if fcntl_getpipe_size(pipe).is_ok_and(|now| now < size) {
                let _ = fcntl_setpipe_size(pipe, size);
            }
            Some(Self { size })
        }

        pub(crate) fn send(&self, input: &Input, stream: &Stream) -> io::Result<usize> {
            self.step(input, stream)
        }

        pub(crate) fn receive(&self, stream: &Stream, output: &Output) -> io::Result<usize> {
            self.step(stream, output)
        }

        /// Waits until there is something to receive.
        #[expect(clippy::unused_self, reason = "only who can splice needs to wait by itself")]
        pub(crate) fn wait(&self, stream: &Stream) -> io::Result<()> {
            super::super::wait(&mut [PollFd::new(stream, PollFlags::IN)], None).map(|_| ())
        }

        fn step(&self, from: &impl AsFd, to: &impl AsFd) -> io::Result<usize> {
            loop {
                match splice(from, None, to, None, self.size, SpliceFlags::MOVE) {
                    // Somebody else has made one of them non-blocking.
                    Err(Errno::AGAIN) => {
                        super::super::wait(&mut [PollFd::new(to, PollFlags::OUT)], None)?;
                        super::super::wait(&mut [PollFd::new(from, PollFlags::IN)], None)?;
                    }
                    Err(Errno::INTR) => {}
                    result => return result.map_err(io::Error::from),
                }
            }
        }
    }
}
