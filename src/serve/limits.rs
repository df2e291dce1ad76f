use crate::deadline::Deadline;
use lsock_startup::release_free_memory;
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Limits of the number of clients that are served at a time.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    all: Option<NonZeroUsize>,
    per_user: Option<NonZeroUsize>,
    served: Mutex<Served>,
    changed: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Served {
    all: usize,
    /// The largest number of clients since free memory was returned to the system.
    peak: usize,
    by_user: HashMap<u32, usize>,
    /// When the last client ended; `None` while clients are served.
    idle_since: Option<Instant>,
}

/// Counts one client as served until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Arc<Limits>,
    user: Option<u32>,
}

/// Minimum number of clients after whose end free memory is returned to the system.
const CROWD: usize = 256;

/// Free memory is returned when at most one in this many clients of a crowd is left.
const REST: usize = 4;

impl Limits {
    pub(crate) fn new(all: Option<NonZeroUsize>, per_user: Option<NonZeroUsize>) -> Self {
        let served = Served { idle_since: Some(Instant::now()), ..Served::default() };
        Self { all, per_user, served: Mutex::new(served), ..Self::default() }
    }

    /// Returns the number of clients that are being served.
    pub(super) fn count(&self) -> usize {
        self.served().all
    }

    /// Waits until another client can be served.
    pub(super) async fn wait_for_permit(&self) {
        if let Some(limit) = self.all {
            self.wait_until(|count| count < limit.get()).await;
        }
    }

    /// Waits until no client is being served.
    pub(super) async fn wait_until_empty(&self) {
        self.wait_until(|count| count == 0).await;
    }

    /// Waits until no client has been served for this time. Only one task waits here.
    pub(super) async fn wait_until_idle(&self, time: Duration) {
        loop {
            let idle_since = self.served().idle_since;
            match idle_since {
                Some(since) => {
                    Deadline::after(since, time).reached().await;
                    if self.served().idle_since == idle_since {
                        return;
                    }
                }
                None => self.emptied.notified().await,
            }
        }
    }

    /// Waits until a client has ended.
    pub(super) async fn wait_for_change(&self) {
        self.changed.notified().await;
    }

    /// Only the accepting task waits here.
    async fn wait_until(&self, is_so: impl Fn(usize) -> bool) {
        while !is_so(self.count()) {
            self.changed.notified().await;
        }
    }

    /// Returns a permit for a client of the user, or `None` if the user has reached the limit.
    pub(super) fn take_permit(self: &Arc<Self>, user: Option<u32>) -> Option<Permit> {
        let mut served = self.served();
        if let (Some(limit), Some(user)) = (self.per_user, user) {
            let count = served.by_user.entry(user).or_default();
            if *count >= limit.get() {
                return None;
            }
            *count += 1;
        }
        served.all += 1;
        served.peak = served.peak.max(served.all);
        served.idle_since = None;
        Some(Permit { limits: Arc::clone(self), user: user.filter(|_| self.per_user.is_some()) })
    }

    fn served(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Served {
    /// Returns whether most clients of a crowd have disconnected, once for each crowd. So the cost
    /// of returning memory is spread over many clients, and the memory of fewer than [`CROWD`] is
    /// kept.
    fn has_lost_a_crowd(&mut self) -> bool {
        let is_lost = self.peak >= CROWD && self.all <= self.peak / REST;
        if is_lost {
            self.peak = self.all;
        }
        is_lost
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut served = self.limits.served();
        served.all -= 1;
        let has_lost_a_crowd = served.has_lost_a_crowd();
        if let Some(user) = self.user
            && let Some(count) = served.by_user.get_mut(&user)
        {
            *count -= 1;
            if *count == 0 {
                served.by_user.remove(&user);
            }
        }
        let is_last = served.all == 0;
        if is_last {
            served.idle_since = Some(Instant::now());
        }
        drop(served);
        if is_last {
            self.limits.emptied.notify_one();
        }
        // If no task waits now, the notification is kept for the next one.
        self.limits.changed.notify_one();
        if has_lost_a_crowd {
            release_free_memory();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_user_gets_so_many_permits_and_others_get_theirs() {
        let limits = Arc::new(Limits::new(None, NonZeroUsize::new(1)));
        let permit = limits.take_permit(Some(7)).unwrap();
        assert!(limits.take_permit(Some(7)).is_none());
        let other = limits.take_permit(Some(8));
        assert!(other.is_some());
        drop(permit);
        assert!(limits.take_permit(Some(7)).is_some());
    }

    #[test]
    fn the_idle_time_runs_from_the_end_of_the_last_client() {
        let time = Duration::from_secs(60);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let limits = Arc::new(Limits::new(None, None));
            let is_idle = async |limits: &Limits, time| {
                tokio::time::timeout(Duration::from_millis(5), limits.wait_until_idle(time))
                    .await
                    .is_ok()
            };
            assert!(is_idle(&limits, Duration::ZERO).await);
            assert!(!is_idle(&limits, time).await);
            let permits = [limits.take_permit(None), limits.take_permit(None)];
            assert!(!is_idle(&limits, Duration::ZERO).await);
            let [first, second] = permits;
            drop(first);
            assert!(!is_idle(&limits, Duration::ZERO).await);
            drop(second);
            assert!(is_idle(&limits, Duration::ZERO).await);
            // The time that has passed since then counts.
            limits.served().idle_since = Instant::now().checked_sub(time);
            assert!(is_idle(&limits, time).await);
            limits.served().idle_since = Some(Instant::now());
            assert!(!is_idle(&limits, time).await);
        });
    }

    #[test]
    fn a_crowd_is_lost_once_when_a_quarter_is_left() {
        let mut served = Served::default();
        let mut leave = |from: usize, to: usize| {
            served.peak = served.peak.max(from);
            (to..from)
                .rev()
                .filter(|all| {
                    served.all = *all;
                    served.has_lost_a_crowd()
                })
                .collect::<Vec<_>>()
        };
        // Clients that come and go one after another, or are few.
        assert!(leave(1, 0).is_empty());
        assert!(leave(CROWD - 1, 0).is_empty());
        assert_eq!(leave(CROWD, 0), [CROWD / REST]);
        assert!(leave(CROWD - 1, 0).is_empty());
        // The clients that are left are a crowd again.
        assert_eq!(leave(10_000, 0), [2500, 625, 156]);
    }
}
