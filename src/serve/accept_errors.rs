use crate::{
    diag::Failure,
    system::{AcceptError, accept_error, has_too_much_open},
};
use std::io;

/// Decides whether errors of `accept(2)` end the listener. Most concern one client, or are
/// temporary.
#[derive(Debug, Default)]
pub(super) struct AcceptErrors {
    in_a_row: u32,
}

/// When to accept again after an error.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum AcceptRetry {
    AtOnce,
    /// After a pause, so that repeated errors use no CPU time.
    AfterAPause,
}

/// Number of ambiguous errors in a row, without a client in between, that end the listener.
const PERSISTS: u32 = 4;

impl AcceptErrors {
    /// Records an accepted client.
    pub(super) fn accepted(&mut self) {
        self.in_a_row = 0;
    }

    /// Records an error, and logs a warning for the first one since the last client.
    ///
    /// # Errors
    /// The error itself, if it means that the listener is broken.
    pub(super) fn failed(&mut self, error: io::Error) -> Result<AcceptRetry, Failure> {
        self.classified(accept_error(&error), error)
    }

    fn classified(&mut self, kind: AcceptError, error: io::Error) -> Result<AcceptRetry, Failure> {
        self.in_a_row = self.in_a_row.saturating_add(1);
        let is_broken = match kind {
            AcceptError::Passes => false,
            AcceptError::IsBrokenIfItPersists => self.in_a_row >= PERSISTS,
            AcceptError::IsBroken => true,
        };
        if is_broken {
            return Err(Failure::Io { what: "cannot accept a client", error });
        }
        if self.in_a_row > 1 {
            return Ok(AcceptRetry::AfterAPause);
        }
        if has_too_much_open(&error) {
            tracing::warn!(%error, "cannot accept now: clients wait until others have gone");
        } else {
            tracing::warn!(%error, "cannot accept a client: trying again");
        }
        Ok(AcceptRetry::AtOnce)
    }

    /// Returns whether the ambiguous errors in a row have reached the limit.
    pub(super) fn persist(&self) -> bool {
        self.in_a_row >= PERSISTS
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn failed(errors: &mut AcceptErrors, kind: AcceptError) -> Result<AcceptRetry, Failure> {
        errors.classified(kind, io::Error::other("no client"))
    }

    #[test]
    fn errors_that_pass_never_end_the_listener() {
        let mut errors = AcceptErrors::default();
        assert_eq!(failed(&mut errors, AcceptError::Passes).unwrap(), AcceptRetry::AtOnce);
        for _ in 0..20 {
            let retry = failed(&mut errors, AcceptError::Passes).unwrap();
            assert_eq!(retry, AcceptRetry::AfterAPause);
        }
        errors.accepted();
        assert_eq!(failed(&mut errors, AcceptError::Passes).unwrap(), AcceptRetry::AtOnce);
    }

    #[test]
    fn a_broken_listener_ends_at_once_or_after_some_ambiguous_errors() {
        assert!(failed(&mut AcceptErrors::default(), AcceptError::IsBroken).is_err());
        let mut errors = AcceptErrors::default();
        let failed = || failed(&mut errors, AcceptError::IsBrokenIfItPersists).is_ok();
        assert_eq!(std::iter::repeat_with(failed).position(|goes_on| !goes_on), Some(3));
    }

    #[test]
    fn an_error_that_is_not_of_the_system_ends_it() {
        let error = io::Error::other("the event loop has ended");
        assert!(AcceptErrors::default().failed(error).is_err());
    }
}
