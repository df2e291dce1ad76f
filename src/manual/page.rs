/// A page of the manual.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Names,
    Pipes,
    Trace,
    Tour,
    Lsock,
    Listen,
    Connect,
    Relay,
    Tap,
    Bench,
    Ls,
    Name,
    Replay,
}

impl Page {
    pub(crate) const ALL: [Self; 13] = [
        Self::Names,
        Self::Pipes,
        Self::Trace,
        Self::Tour,
        Self::Lsock,
        Self::Listen,
        Self::Connect,
        Self::Relay,
        Self::Tap,
        Self::Bench,
        Self::Ls,
        Self::Name,
        Self::Replay,
    ];

    /// Returns the word of `lsock help`. The pages of commands have their full names, because
    /// `lsock help COMMAND` prints the help of the command.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Pipes => "pipes",
            Self::Trace => "trace",
            Self::Tour => "tour",
            Self::Lsock => "lsock",
            Self::Listen => "lsock-listen",
            Self::Connect => "lsock-connect",
            Self::Relay => "lsock-relay",
            Self::Tap => "lsock-tap",
            Self::Bench => "lsock-bench",
            Self::Ls => "lsock-ls",
            Self::Name => "lsock-name",
            Self::Replay => "lsock-replay",
        }
    }

    /// Returns what the page is about.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Names => "Names of local sockets",
            Self::Pipes => "Pipes of other programs on Windows",
            Self::Trace => "Traces and recordings of connections",
            Self::Tour => "Worked examples",
            Self::Lsock => "Manual of lsock: exit statuses, signals, environment, other tools",
            Self::Listen => "Manual of lsock listen",
            Self::Connect => "Manual of lsock connect",
            Self::Relay => "Manual of lsock relay",
            Self::Tap => "Manual of lsock tap",
            Self::Bench => "Manual of lsock bench",
            Self::Ls => "Manual of lsock ls",
            Self::Name => "Manual of lsock name",
            Self::Replay => "Manual of lsock replay",
        }
    }

    /// Returns the page of a word: that of [`Self::word`], or the name of the page.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let short = word.strip_prefix("lsock-").unwrap_or(word);
        let is_meant = |page: &Self| match page {
            Self::Names | Self::Pipes | Self::Trace | Self::Tour => page.word() == short,
            _ => page.word() == word,
        };
        Self::ALL.into_iter().find(is_meant)
    }

    /// Returns the page in the format of man(7).
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Names => include_str!("../../man/lsock-names.7"),
            Self::Pipes => include_str!("../../man/lsock-pipes.7"),
            Self::Trace => include_str!("../../man/lsock-trace.7"),
            Self::Tour => include_str!("../../man/lsock-tour.7"),
            Self::Lsock => include_str!("../../man/lsock.1"),
            Self::Listen => include_str!("../../man/lsock-listen.1"),
            Self::Connect => include_str!("../../man/lsock-connect.1"),
            Self::Relay => include_str!("../../man/lsock-relay.1"),
            Self::Tap => include_str!("../../man/lsock-tap.1"),
            Self::Bench => include_str!("../../man/lsock-bench.1"),
            Self::Ls => include_str!("../../man/lsock-ls.1"),
            Self::Name => include_str!("../../man/lsock-name.1"),
            Self::Replay => include_str!("../../man/lsock-replay.1"),
        }
    }
}
