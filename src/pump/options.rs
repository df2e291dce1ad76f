use crate::{
    cli::{self, CopyWay, Eof},
    diag::Failure,
};
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// How bytes are moved, and when that ends.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) sends: bool,
    pub(crate) receives: bool,
    pub(crate) eof: Eof,
    pub(crate) linger: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) copy: CopyWay,
    pub(crate) buffer: Option<usize>,
}

impl Options {
    /// As the command line says.
    pub(crate) fn new(args: &cli::Transfer) -> Result<Self, Failure> {
        if args.copy == CopyWay::Splice && !cfg!(target_os = "linux") {
            return Err(Failure::Unsupported {
                option: "--copy splice",
                why: "only Linux can splice",
            });
        }
        Ok(Self {
            sends: !args.recv_only,
            receives: !args.send_only,
            eof: args.eof,
            linger: args.linger,
            idle: args.idle_timeout,
            copy: args.copy,
            buffer: args.buffer,
        })
    }

    /// Whether time has to be kept.
    pub(crate) fn is_timed(&self) -> bool {
        self.linger.is_some() || self.idle.is_some()
    }

    /// The same for what moves bytes to or from something that keeps the time itself, and
    /// that decides which directions there are.
    pub(crate) fn without_limits(&self) -> Self {
        Self { linger: None, idle: None, copy: CopyWay::Auto, ..self.clone() }
    }

    /// Whether nothing is asked for that needs the bytes to pass through this process.
    pub(crate) fn is_plain(&self) -> bool {
        self.sends
            && self.receives
            && self.eof == Eof::Half
            && !self.is_timed()
            && self.copy == CopyWay::Auto
            && self.buffer.is_none()
    }
}

/// For `--explain`.
impl Display for Options {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let directions = match (self.sends, self.receives) {
            (true, true) => "both",
            (true, false) => "send only",
            (false, _) => "receive only",
        };
        let limit = |limit: Option<Duration>| {
            limit.map_or("no limit".to_owned(), |limit| {
                humantime::format_duration(limit).to_string()
            })
        };
        let eof = match self.eof {
            Eof::Half => "half-close: the other direction goes on",
            Eof::Close => "close: the other direction ends too",
            Eof::Wait => "wait: the other side is not told",
        };
        let copy = match self.copy {
            CopyWay::Auto => "splice where it is possible",
            CopyWay::Splice => "splice",
            CopyWay::Buffer => "through a buffer",
        };
        writeln!(f, "directions   {directions}")?;
        writeln!(f, "end of file  {eof}")?;
        writeln!(f, "linger       {}", limit(self.linger))?;
        writeln!(f, "if idle      {}", limit(self.idle))?;
        match self.buffer {
            Some(buffer) => writeln!(f, "copy         {copy}, {buffer} bytes at a time"),
            None => writeln!(f, "copy         {copy}"),
        }
    }
}
