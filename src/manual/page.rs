/// A page of the manual.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Names,
    Pipes,
    Tour,
    Lsock,
    Listen,
    Connect,
    Relay,
    Bench,
}

impl Page {
    pub(crate) const ALL: [Self; 8] = [
        Self::Names,
        Self::Pipes,
        Self::Tour,
        Self::Lsock,
        Self::Listen,
        Self::Connect,
        Self::Relay,
        Self::Bench,
    ];

    /// Returns the word of `lsock help`. The pages of commands have their full names, because
    /// `lsock help COMMAND` prints the help of the command.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Pipes => "pipes",
            Self::Tour => "tour",
            Self::Lsock => "lsock",
            Self::Listen => "lsock-listen",
            Self::Connect => "lsock-connect",
            Self::Relay => "lsock-relay",
            Self::Bench => "lsock-bench",
        }
    }

    /// Returns what the page is about.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Names => "Names of local sockets",
            Self::Pipes => "Pipes of other programs on Windows",
            Self::Tour => "Worked examples",
            Self::Lsock => "Manual of lsock: exit statuses, signals, environment, other tools",
            Self::Listen => "Manual of lsock listen",
            Self::Connect => "Manual of lsock connect",
            Self::Relay => "Manual of lsock relay",
            Self::Bench => "Manual of lsock bench",
        }
    }

    /// Returns the page of a word: that of [`Self::word`], or the name of the page.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let short = word.strip_prefix("lsock-").unwrap_or(word);
        let is_meant = |page: &Self| match page {
            Self::Names | Self::Pipes | Self::Tour => page.word() == short,
            _ => page.word() == word,
        };
        Self::ALL.into_iter().find(is_meant)
    }

    /// Returns the page in the format of man(7).
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Names => include_str!("../../man/lsock-names.7"),
            Self::Pipes => include_str!("../../man/lsock-pipes.7"),
            Self::Tour => include_str!("../../man/lsock-tour.7"),
            Self::Lsock => include_str!("../../man/lsock.1"),
            Self::Listen => include_str!("../../man/lsock-listen.1"),
            Self::Connect => include_str!("../../man/lsock-connect.1"),
            Self::Relay => include_str!("../../man/lsock-relay.1"),
            Self::Bench => include_str!("../../man/lsock-bench.1"),
        }
    }
}
