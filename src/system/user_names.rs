//! Names of users, for commands and messages.
//!
//! Looking up a name can block on the network (`nsswitch.conf(5)`, domain controllers). Event loops
//! ask a thread, and go on without the name if it does not answer in time.

use super::accounts::{self, UserId};
use std::{
    collections::HashMap,
    fmt::Debug,
    hash::Hash,
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, time};

/// Time for which a name of the system is used without looking it up again. An account can be renamed,
/// and its name given to another one.
const LIFETIME: Duration = Duration::from_secs(60);

/// Maximum number of names that are remembered.
const MAX_KNOWN: usize = 1000;

/// Time that a command waits for a name.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks up names of users, and remembers them.
#[derive(Debug)]
struct UserNames<K> {
    /// Time for which a name is used without looking it up again.
    lifetime: Duration,
    look_up: fn(K) -> io::Result<Option<String>>,
    state: Mutex<NamesState<K>>,
}

#[derive(Debug)]
struct NamesState<K> {
    /// The names that were looked up, and when; `None` for users without a name.
    known: Option<HashMap<K, (Instant, Option<String>)>>,
    /// The requests to the thread, which starts with the first one.
    thread: Option<Sender<NameRequest<K>>>,
}

#[derive(Debug)]
struct NameRequest<K> {
    user: K,
    /// `None` if nobody waits for the name.
    answer: Option<oneshot::Sender<Option<String>>>,
}

static SYSTEM: UserNames<UserId> = UserNames::new(accounts::name_of, LIFETIME);

/// Returns the name of a user if it was looked up not long ago. It does not block: if it was looked up
/// before that, a thread does so again for the next call.
#[cfg(windows)]
pub(crate) fn known(user: UserId) -> Option<String> {
    SYSTEM.known_or_renewed(user)
}

/// Returns the name of a user. It blocks the thread.
pub(crate) fn look_up(user: UserId) -> Option<String> {
    SYSTEM.look_up(user)
}

/// Returns the name of a user, if it has one and can be looked up in time.
pub(crate) async fn get(user: UserId) -> Option<String> {
    SYSTEM.get(user, PATIENCE).await
}

impl<K: Copy + Debug + Eq + Hash + Send> UserNames<K> {
    const fn new(look_up: fn(K) -> io::Result<Option<String>>, lifetime: Duration) -> Self {
        Self { lifetime, look_up, state: Mutex::new(NamesState { known: None, thread: None }) }
    }

    fn state(&self) -> MutexGuard<'_, NamesState<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the name if it was looked up within the lifetime.
    fn known(&self, user: K) -> Option<Option<String>> {
        let state = self.state();
        let (at, name) = state.known.as_ref()?.get(&user)?;
        (at.elapsed() < self.lifetime).then(|| name.clone())
    }

    #[cfg(any(windows, test))]
    fn known_or_renewed(&'static self, user: K) -> Option<String> {
        let name = self.known(user);
        let was_known = || self.state().known.as_ref().is_some_and(|all| all.contains_key(&user));
        if name.is_none() && was_known() {
            self.ask(NameRequest { user, answer: None });
        }
        name.flatten()
    }

    fn look_up(&self, user: K) -> Option<String> {
        if let Some(name) = self.known(user) {
            return name;
        }
        match (self.look_up)(user) {
            Ok(name) => {
                let mut state = self.state();
                let known = state.known.get_or_insert_default();
                if known.len() >= MAX_KNOWN {
                    known.clear();
                }
                known.insert(user, (Instant::now(), name.clone()));
                name
            }
            Err(error) => {
                tracing::debug!(%error, ?user, "name of the user not looked up");
                None
            }
        }
    }

    async fn get(&'static self, user: K, patience: Duration) -> Option<String> {
        if let Some(name) = self.known(user) {
            return name;
        }
        let (answer, name) = oneshot::channel();
        self.ask(NameRequest { user, answer: Some(answer) });
        match time::timeout(patience, name).await {
            Ok(name) => name.ok().flatten(),
            Err(_) => {
                tracing::debug!(?user, "the name of the user is not known in time");
                None
            }
        }
    }

    /// Passes a request to the thread. If no thread can be started, the request is dropped, which
    /// the receiver of its answer notices.
    fn ask(&'static self, request: NameRequest<K>) {
        let mut state = self.state();
        let request = match &state.thread {
            None => request,
            Some(thread) => match thread.send(request) {
                Ok(()) => return,
                // The thread has panicked.
                Err(mpsc::SendError(request)) => request,
            },
        };
        let (sender, requests) = mpsc::channel();
        let serve = move || self.serve(&requests);
        match thread::Builder::new().name("names".to_owned()).spawn(serve) {
            Ok(_) => {
                // The thread holds the receiver.
                let _ = sender.send(request);
                state.thread = Some(sender);
            }
            Err(error) => tracing::debug!(%error, "no thread to look up names of users"),
        }
    }

    fn serve(&self, requests: &Receiver<NameRequest<K>>) {
        while let Ok(NameRequest { user, answer }) = requests.recv() {
            // Those that have stopped waiting leave no work.
            if answer.as_ref().is_some_and(oneshot::Sender::is_closed) {
                continue;
            }
            let name = self.look_up(user);
            if let Some(answer) = answer {
                let _ = answer.send(name);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    const LIMIT: Duration = Duration::from_secs(40);

    fn in_a_loop<T>(task: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        runtime.block_on(task)
    }

    #[test]
    fn a_name_is_looked_up_once() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static NAMES: UserNames<u32> = UserNames::new(
            |user| {
                COUNT.fetch_add(1, SeqCst);
                Ok((user != 7).then(|| format!("user{user}")))
            },
            LIMIT,
        );
        in_a_loop(async {
            for _ in 0..100 {
                assert_eq!(NAMES.get(5, LIMIT).await.as_deref(), Some("user5"));
                assert_eq!(NAMES.get(7, LIMIT).await, None);
            }
        });
        assert_eq!(NAMES.look_up(5).as_deref(), Some("user5"));
        assert_eq!(COUNT.load(SeqCst), 2);
    }

    #[test]
    fn a_name_is_not_used_when_it_is_old_and_is_looked_up_again() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static NAMES: UserNames<u32> = UserNames::new(
            |_| Ok(Some(format!("name {}", COUNT.fetch_add(1, SeqCst)))),
            Duration::ZERO,
        );
        assert_eq!(NAMES.known_or_renewed(1), None);
        assert_eq!(NAMES.look_up(1).as_deref(), Some("name 0"));
        assert_eq!(NAMES.known_or_renewed(1), None);
        // The thread takes one request after another.
        assert_eq!(in_a_loop(NAMES.get(1, LIMIT)).as_deref(), Some("name 2"));
        assert_eq!(NAMES.look_up(1).as_deref(), Some("name 3"));
    }

    #[test]
    fn a_look_up_that_hangs_is_not_waited_for() {
        static GATE: Mutex<()> = Mutex::new(());
        static NAMES: UserNames<u32> = UserNames::new(
            |_| {
                drop(GATE.lock());
                Ok(Some("late".to_owned()))
            },
            LIMIT,
        );
        let closed = GATE.lock().unwrap();
        in_a_loop(async {
            for _ in 0..3 {
                assert_eq!(NAMES.get(1, Duration::from_millis(1)).await, None);
            }
            drop(closed);
            assert_eq!(NAMES.get(1, LIMIT).await.as_deref(), Some("late"));
        });
    }

    #[test]
    fn an_error_or_a_panic_is_no_name_and_is_not_remembered() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static NAMES: UserNames<u32> = UserNames::new(
            |_| match COUNT.fetch_add(1, SeqCst) {
                0 => Err(io::ErrorKind::NotFound.into()),
                1 => panic!("while looking it up"),
                _ => Ok(Some("found".to_owned())),
            },
            LIMIT,
        );
        in_a_loop(async {
            assert_eq!(NAMES.get(1, LIMIT).await, None);
            assert_eq!(NAMES.get(1, LIMIT).await, None);
            // The thread that has panicked may not have ended yet.
            while NAMES.get(1, LIMIT).await.is_none() {}
        });
        assert_eq!(NAMES.known(1).flatten().as_deref(), Some("found"));
    }
}
