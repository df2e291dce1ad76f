use crate::{
    diag::Failure,
    system::{AcceptError, accept_error, has_too_much_open},
};
use std::io;

/// Decides whether errors of `accept(2)` end the listener. Most concern one client, or are
/// temporary.
#[derive(Debug, Default)]
pub(super) struct AcceptErrors {
    /// Number of errors since the last client.
    in_a_row: u32,
    /// Number of ambiguous errors since the last client or the last error that passes.
    ambiguous: u32,
}

/// When to accept again after an error.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum AcceptRetry {
    AtOnce,
    /// After a pause, so that repeated errors use no CPU time.
    AfterAPause,
}

/// Number of errors in a row that are too many.
const TOO_MANY: u32 = 4;

impl AcceptErrors {
    /// Records an accepted client.
    pub(super) fn accepted(&mut self) {
        *self = Self::default();
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
            AcceptError::Passes => {
                self.ambiguous = 0;
                false
            }
            AcceptError::IsBrokenIfItPersists => {
                self.ambiguous += 1;
                self.ambiguous >= TOO_MANY
            }
            AcceptError::IsBroken => true,
        };
        if is_broken {
            return Err(Failure::Io { what: "cannot accept a client", error });
        }
        if self.in_a_row > 1 {
            return Ok(AcceptRetry::AfterAPause);
        }
        if has_too_much_open(&error) {
            tracing::warn!(%error, "cannot accept now: clients wait until others end");
        } else {
            tracing::warn!(%error, "cannot accept a client: trying again");
        }
        Ok(AcceptRetry::AtOnce)
    }

    /// Returns whether there were too many errors of any kind since the last client.
    pub(super) fn are_too_many(&self) -> bool {
        self.in_a_row >= TOO_MANY
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
    fn only_ambiguous_errors_in_a_row_end_the_listener() {
        let mut errors = AcceptErrors::default();
        for _ in 0..5 {
            for kind in [AcceptError::Passes, AcceptError::IsBrokenIfItPersists] {
                failed(&mut errors, kind).unwrap();
            }
        }
        assert!(errors.are_too_many());
    }

    #[test]
    fn an_error_that_is_not_of_the_system_ends_it() {
        let error = io::Error::other("the event loop has ended");
        assert!(AcceptErrors::default().failed(error).is_err());
    }
}
