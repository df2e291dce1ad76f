//! Looking up host names, which blocks a thread for as long as a name server likes.
//!
//! Event loops have threads of their own for what blocks; that there can be no more of them is
//! a panic there, and up to 512 of them wait for a slow name server. Here it is an error of the
//! connection, and few threads answer for everybody.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// How many hosts are looked up at a time.
const THREADS: usize = 4;

/// Looks hosts up; connections that ask for the same one share the answer.
#[derive(Debug)]
pub(super) struct Resolver {
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    in_flight: Mutex<Vec<(String, Pending)>>,
    threads: Semaphore,
}

/// The addresses, or the error in a form that everybody can have.
type Answer = Result<Arc<[SocketAddr]>, (ErrorKind, String)>;

/// `None` until it is answered.
type Pending = watch::Receiver<Option<Answer>>;

static SYSTEM: Resolver = Resolver::new(look_up);

/// Returns the addresses of a host, with the port 0, in an event loop.
///
/// # Errors
/// Those of `getaddrinfo(3)`, or that of a thread that cannot be started.
pub(super) async fn resolve(host: &str) -> io::Result<Arc<[SocketAddr]>> {
    SYSTEM.resolve(host).await
}

fn look_up(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}

impl Resolver {
    const fn new(look_up: fn(&str) -> io::Result<Vec<SocketAddr>>) -> Self {
        Self { look_up, in_flight: Mutex::new(Vec::new()), threads: Semaphore::const_new(THREADS) }
    }

    /// Returns the addresses of a host. Cancelling keeps no one else from the answer.
    async fn resolve(&'static self, host: &str) -> io::Result<Arc<[SocketAddr]>> {
        // An address takes no thread.
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok([(address, 0).into()].into());
        }
        let mut pending = match self.pending(host) {
            Some(pending) => pending,
            None => {
                // It is never closed.
                let permit = self.threads.acquire().await.map_err(io::Error::other)?;
                // Another connection may have begun meanwhile.
                match self.pending(host) {
                    Some(pending) => pending,
                    None => self.start(host, permit)?,
                }
            }
        };
        let answer = match pending.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone(),
            // The thread has ended without an answer.
            Err(_) => None,
        };
        match answer {
            Some(Ok(addresses)) => Ok(addresses),
            Some(Err((kind, text))) => Err(io::Error::new(kind, text)),
            None => Err(io::Error::other("the host could not be looked up")),
        }
    }

    fn pending(&self, host: &str) -> Option<Pending> {
        let in_flight = self.in_flight();
        in_flight.iter().find(|(other, _)| other == host).map(|(_, pending)| pending.clone())
    }

    /// Starts a thread that looks the host up.
    fn start(&'static self, host: &str, permit: SemaphorePermit<'static>) -> io::Result<Pending> {
        let (answer, pending) = watch::channel(None);
        let entry = InFlight { resolver: self, host: host.to_owned() };
        let look_up = move || {
            let result = (self.look_up)(&entry.host);
            let result = result.and_then(|addresses| {
                if addresses.is_empty() {
                    return Err(io::Error::new(ErrorKind::NotFound, "the host has no address"));
                }
                Ok(addresses.into())
            });
            // Who asks from now on gets a new answer.
            drop(entry);
            let result = result.map_err(|error| (error.kind(), error.to_string()));
            answer.send_replace(Some(result));
            drop(permit);
        };
        let mut in_flight = self.in_flight();
        in_flight.push((host.to_owned(), pending.clone()));
        drop(in_flight);
        thread::Builder::new().name("look-up".to_owned()).spawn(look_up).map_err(|error| {
            let reason = local_socket::error::reason(&error);
            io::Error::new(error.kind(), format!("cannot start a thread to look it up: {reason}"))
        })?;
        Ok(pending)
    }

    fn in_flight(&self) -> MutexGuard<'_, Vec<(String, Pending)>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host that is being looked up, until this is dropped.
struct InFlight {
    resolver: &'static Resolver,
    host: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.resolver.in_flight().retain(|(host, _)| *host != self.host);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use std::{
        net::{Ipv4Addr, SocketAddrV4},
        sync::{
            Condvar,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        time::Duration,
    };

    const ADDRESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

    fn in_a_loop<T>(task: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        let limit = Duration::from_secs(40);
        runtime.block_on(async { tokio::time::timeout(limit, task).await.unwrap() })
    }

    #[test]
    fn addresses_take_no_thread() {
        static RESOLVER: Resolver = Resolver::new(|host| panic!("looked up {host}"));
        in_a_loop(async {
            let _all = RESOLVER.threads.acquire_many(THREADS as u32).await.unwrap();
            for text in ["127.0.0.1", "::1", "fe80::1"] {
                let address: IpAddr = text.parse().unwrap();
                assert_eq!(*RESOLVER.resolve(text).await.unwrap(), [(address, 0).into()]);
            }
        });
    }

    #[test]
    fn a_thousand_connections_share_one_look_up() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
        static RESOLVER: Resolver = Resolver::new(|_| {
            COUNT.fetch_add(1, SeqCst);
            drop(GATE.1.wait_while(GATE.0.lock().unwrap(), |is_open| !*is_open).unwrap());
            Ok(vec![ADDRESS])
        });
        in_a_loop(async {
            let local = tokio::task::LocalSet::new();
            local
                .run_until(async {
                    let ask = || tokio::task::spawn_local(RESOLVER.resolve("slow.test"));
                    let tasks: Vec<_> = (0..1000).map(|_| ask()).collect();
                    // One of them goes.
                    tasks[0].abort();
                    while RESOLVER.in_flight().is_empty() {
                        tokio::task::yield_now().await;
                    }
                    tokio::task::yield_now().await;
                    *GATE.0.lock().unwrap() = true;
                    GATE.1.notify_all();
                    for task in tasks.into_iter().skip(1) {
                        assert_eq!(*task.await.unwrap().unwrap(), [ADDRESS]);
                    }
                })
                .await;
        });
        assert!(COUNT.load(SeqCst) <= THREADS, "{COUNT:?}");
        assert!(RESOLVER.in_flight().is_empty());
    }

    #[test]
    fn many_hosts_take_few_threads() {
        static AT_A_TIME: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        static RESOLVER: Resolver = Resolver::new(|_| {
            MOST.fetch_max(AT_A_TIME.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::sleep(Duration::from_millis(1));
            AT_A_TIME.fetch_sub(1, SeqCst);
            Ok(vec![ADDRESS])
        });
        in_a_loop(async {
            let local = tokio::task::LocalSet::new();
            let ask = |number: usize| async move {
                RESOLVER.resolve(&format!("host{number}.test")).await
            };
            let tasks: Vec<_> = (0..100).map(|number| local.spawn_local(ask(number))).collect();
            local.await;
            for task in tasks {
                assert_eq!(*task.await.unwrap().unwrap(), [ADDRESS]);
            }
        });
        assert!(MOST.load(SeqCst) <= THREADS, "{MOST:?}");
    }

    #[test]
    fn errors_and_panics_are_those_of_who_has_asked() {
        static RESOLVER: Resolver = Resolver::new(|host| match host {
            "none.test" => Ok(Vec::new()),
            "panic.test" => panic!("while looking it up"),
            _ => Err(io::Error::new(ErrorKind::TimedOut, "no answer")),
        });
        in_a_loop(async {
            for _ in 0..2 * THREADS {
                let kind = RESOLVER.resolve("none.test").await.unwrap_err().kind();
                assert_eq!(kind, ErrorKind::NotFound);
                let error = RESOLVER.resolve("late.test").await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.to_string()),
                    (ErrorKind::TimedOut, "no answer".into())
                );
                RESOLVER.resolve("panic.test").await.unwrap_err();
            }
        });
        assert!(RESOLVER.in_flight().is_empty());
    }
}
