use std::io;

/// A watched process. No command that watches one is available here.
#[derive(Debug)]
pub(crate) enum ProcessWatch {}

impl ProcessWatch {
    /// Fails.
    pub(crate) fn of(_: u32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(clippy::unused_async, reason = "as on Unix")]
    pub(crate) async fn ended(&self) -> io::Result<()> {
        match *self {}
    }
}
