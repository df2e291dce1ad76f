use crate::PeerCreds;
use std::{
    fmt::{self, Debug, Formatter},
    io,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

/// Decides which clients a listener accepts; by default all of them.
#[derive(Clone, Default)]
pub(crate) struct AcceptFilter {
    /// The check of an [`Access`](crate::Access) for a name that has no permissions.
    pub(crate) access: Option<fn(&PeerCreds) -> bool>,
    filter: Option<Arc<Filter>>,
}

type Filter = dyn Fn(&PeerCreds) -> bool + Send + Sync;

impl AcceptFilter {
    /// Sets the filter, which is called for clients with access.
    pub(crate) fn set(&mut self, filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static) {
        self.filter = Some(Arc::new(filter));
    }

    /// Returns whether the listener accepts a client. If not, the listener closes it and waits for
    /// the next one.
    ///
    /// Without a filter the credentials are not read. If they cannot be read, the client is
    /// refused.
    pub(crate) fn admits(&self, creds: impl FnOnce() -> io::Result<PeerCreds>) -> bool {
        if self.access.is_none() && self.filter.is_none() {
            return true;
        }
        let is_admitted = |creds: &PeerCreds| {
            self.access.is_none_or(|has_access| has_access(creds))
                && self.filter.as_ref().is_none_or(|filter| filter(creds))
        };
        match creds() {
            Ok(creds) if is_admitted(&creds) => true,
            Ok(creds) => {
                #[cfg(unix)]
                let uid = creds.euid();
                #[cfg(windows)]
                let uid = None::<u32>;
                tracing::debug!(pid = creds.pid(), uid, "client refused");
                false
            }
            Err(error) => {
                tracing::debug!(%error, "client refused: its credentials cannot be read");
                false
            }
        }
    }
}

impl Debug for AcceptFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.filter.is_some() { "AcceptFilter(..)" } else { "AcceptFilter(none)" })
    }
}

// The listener is not changed while the filter runs: if the filter panics, one client is not
// accepted. The filter itself is responsible for its own state.
impl UnwindSafe for AcceptFilter {}
impl RefUnwindSafe for AcceptFilter {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
mod tests {
    use super::AcceptFilter;
    use std::{
        cell::Cell,
        fmt::{Debug, Write as _},
        io,
        sync::{Arc, Mutex},
    };
    use tracing::{
        Event, Level, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    fn filter(filter: impl Fn(&crate::PeerCreds) -> bool + Send + Sync + 'static) -> AcceptFilter {
        let mut all = AcceptFilter::default();
        all.set(filter);
        all
    }

    /// The credentials of this process.
    fn creds() -> io::Result<crate::PeerCreds> {
        crate::traits::StreamCommon::peer_creds(&crate::Stream::pair()?.0)
    }

    /// Collects the events as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<String>>);

    impl Visit for Log {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            assert_eq!(*metadata.level(), Level::DEBUG);
            true
        }
        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn without_a_filter_credentials_are_not_read() {
        let filter = AcceptFilter::default();
        assert!(filter.admits(|| unreachable!("the credentials are not needed")));
    }

    #[test]
    fn a_client_without_credentials_is_refused() {
        let filter = filter(|_| unreachable!("there is nothing to ask about"));
        assert!(!filter.admits(|| Err(io::ErrorKind::NotConnected.into())));
    }

    #[test]
    fn a_client_without_access_is_refused_before_the_filter_is_called() {
        // A subscriber of its own, because another test waits for the same event.
        tracing::subscriber::with_default(Log::default(), || {
            let mut both = filter(|_| unreachable!("access comes first"));
            both.access = Some(|_| false);
            assert!(!both.admits(creds));
            for says in [true, false] {
                let mut both = filter(move |_| says);
                both.access = Some(|_| true);
                assert_eq!(both.admits(creds), says);
            }
            assert!(!AcceptFilter { access: Some(|_| false), filter: None }.admits(creds));
        });
    }

    #[test]
    fn a_refusal_is_logged_with_process_and_user() {
        let asked = Cell::new(false);
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || {
            assert!(filter(|_| true).admits(creds));
            assert_eq!(*log.0.lock().unwrap(), "");
            assert!(!filter(|_| false).admits(|| {
                asked.set(true);
                creds()
            }));
        });
        assert!(asked.get());
        let log = log.0.lock().unwrap();
        assert!(log.contains(&format!("pid={} ", std::process::id())), "{log}");
        #[cfg(unix)]
        assert!(log.contains(&format!("uid={} ", rustix::process::geteuid().as_raw())), "{log}");
    }
}
