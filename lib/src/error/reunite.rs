use std::{
    error::Error,
    fmt::{self, Debug, Display, Formatter},
};

/// Error of `reunite` for halves of different streams; returns both halves.
#[derive(Debug)]
pub struct ReuniteError<R, S> {
    /// The receiving half.
    pub rh: R,
    /// The sending half.
    pub sh: S,
}

/// Result of `reunite`.
pub type ReuniteResult<T, R, S> = Result<T, ReuniteError<R, S>>;

impl<R, S> ReuniteError<R, S> {
    /// Applies a function to each half.
    pub fn map_halves<NR, NS>(
        self,
        fr: impl FnOnce(R) -> NR,
        fs: impl FnOnce(S) -> NS,
    ) -> ReuniteError<NR, NS> {
        ReuniteError { rh: fr(self.rh), sh: fs(self.sh) }
    }

    /// Converts both halves with [`From`].
    pub fn convert_halves<NR: From<R>, NS: From<S>>(self) -> ReuniteError<NR, NS> {
        self.map_halves(NR::from, NS::from)
    }
}

impl<R, S> Display for ReuniteError<R, S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are not of one stream")
    }
}

impl<R: Debug, S: Debug> Error for ReuniteError<R, S> {}
