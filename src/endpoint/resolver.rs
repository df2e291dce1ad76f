//! Looks up host names in event loops.
//!
//! `getaddrinfo(3)` blocks a thread. The thread pool of tokio grows to 512 threads for a slow name
//! server, and panics if it cannot start one. This module uses at most 4 threads, and returns an
//! error instead.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Maximum number of threads, and so of hosts that are looked up at the same time.
const THREADS: usize = 4;

/// Looks up hosts. Connections that ask for the same host at the same time share the answer.
#[derive(Debug)]
pub(super) struct Resolver {
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    in_flight: Mutex<Vec<(String, Pending)>>,
    threads: Semaphore,
}

/// The addresses or the error of a look-up, shared by all connections that wait for it.
type Answer = Result<Arc<[SocketAddr]>, Arc<io::Error>>;

/// `None` until the answer is known.
type Pending = watch::Receiver<Option<Answer>>;

static SYSTEM: Resolver = Resolver::new(look_up);

/// Returns the addresses of a host, with the port 0, in an event loop.
///
/// # Errors
/// An error of `getaddrinfo(3)`, `NotFound` if the host has no address, or the error of a thread
/// that cannot be started.
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

    /// Returns the addresses of a host. If the caller is cancelled, others still get the answer.
    async fn resolve(&'static self, host: &str) -> io::Result<Arc<[SocketAddr]>> {
        // An address takes no thread.
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok([(address, 0).into()].into());
        }
        let in_flight = find(&self.in_flight(), host);
        let mut pending = match in_flight {
            Some(pending) => pending,
            None => {
                // The semaphore is never closed.
                let permit = self.threads.acquire().await.map_err(io::Error::other)?;
                self.start(host, permit)?
            }
        };
        let answer = match pending.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone(),
            // The thread has ended without an answer.
            Err(_) => None,
        };
        match answer {
            Some(Ok(addresses)) => Ok(addresses),
            // The code of the system, if there is one, says whether too much is open.
            Some(Err(error)) => Err(match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
            None => Err(io::Error::other("the host could not be looked up")),
        }
    }

    /// Starts a thread that looks up the host, unless another connection has started one.
    fn start(&'static self, host: &str, permit: SemaphorePermit<'static>) -> io::Result<Pending> {
        let mut in_flight = self.in_flight();
        if let Some(pending) = find(&in_flight, host) {
            return Ok(pending);
        }
        let (answer, pending) = watch::channel(None);
        in_flight.push((host.to_owned(), pending.clone()));
        drop(in_flight);
        let entry = InFlight { resolver: self, host: host.to_owned() };
        let look_up = move || {
            let result = (self.look_up)(&entry.host);
            let result = result.and_then(|addresses| {
                if addresses.is_empty() {
                    return Err(io::Error::new(ErrorKind::NotFound, "the host has no address"));
                }
                Ok(addresses.into())
            });
            // Connections that ask from now on get a new answer.
            drop(entry);
            answer.send_replace(Some(result.map_err(Arc::new)));
            drop(permit);
        };
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

fn find(in_flight: &[(String, Pending)], host: &str) -> Option<Pending> {
    in_flight.iter().find(|(other, _)| other == host).map(|(_, pending)| pending.clone())
}

/// A host that is being looked up; dropping it removes its entry.
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
        static ASKED: AtomicUsize = AtomicUsize::new(0);
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
                    let ask = || {
                        tokio::task::spawn_local(async {
                            ASKED.fetch_add(1, SeqCst);
                            RESOLVER.resolve("slow.test").await
                        })
                    };
                    let tasks: Vec<_> = (0..1000).map(|_| ask()).collect();
                    while ASKED.load(SeqCst) < 1000 {
                        tokio::task::yield_now().await;
                    }
                    // One of them is cancelled.
                    tasks[0].abort();
                    *GATE.0.lock().unwrap() = true;
                    GATE.1.notify_all();
                    for task in tasks.into_iter().skip(1) {
                        assert_eq!(*task.await.unwrap().unwrap(), [ADDRESS]);
                    }
                })
                .await;
        });
        assert_eq!(COUNT.load(SeqCst), 1);
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
    fn an_error_or_a_panic_fails_only_the_look_up_of_its_host() {
        static RESOLVER: Resolver = Resolver::new(|host| match host {
            "none.test" => Ok(Vec::new()),
            "panic.test" => panic!("while looking it up"),
            "late.test" => Err(io::Error::new(ErrorKind::TimedOut, "no answer")),
            _ => Err(io::Error::from_raw_os_error(24)),
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
                let error = RESOLVER.resolve("open.test").await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(24));
            }
        });
        assert!(RESOLVER.in_flight().is_empty());
    }
}
