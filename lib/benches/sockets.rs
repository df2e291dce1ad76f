//! Compares the library with the Unix sockets of std and tokio: `cargo bench -p local_socket`.
//!
//! All threads run on one CPU, because otherwise the time to wake a thread on another CPU would
//! dominate the results. Only compare results of the same run. Linux only.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

#[cfg(target_os = "linux")]
mod linux {
    use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
    use local_socket::{GenericFilePath, ListenerOptions, Stream, prelude::*};
    use std::{
        io::{Read, Write},
        os::unix::net::{UnixListener, UnixStream},
        thread,
        time::{Duration, Instant},
    };
    use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

    const BLOCK: usize = 64 << 10;

    type Group<'a> = BenchmarkGroup<'a, WallTime>;

    pub(super) fn run() {
        stay_on_one_cpu();
        let mut criterion = Criterion::default().configure_from_args();
        latency(&mut criterion);
        throughput(&mut criterion);
        connections(&mut criterion);
        criterion.final_summary();
    }

    fn stay_on_one_cpu() {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let allowed = sched_getaffinity(None).unwrap();
        let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).unwrap();
        let mut one = CpuSet::new();
        one.set(first);
        sched_setaffinity(None, &one).unwrap();
    }

    /// Measures the round trip of a message.
    fn latency(criterion: &mut Criterion) {
        for size in [1, 64] {
            let mut group = criterion.benchmark_group(format!("round trip of {size} B"));
            round_trips(&mut group, "std", UnixStream::pair().unwrap(), size);
            round_trips(&mut group, "local_socket", Stream::pair().unwrap(), size);
            let runtime = runtime();
            let pair = runtime.block_on(async { tokio::net::UnixStream::pair().unwrap() });
            async_round_trips(&mut group, &runtime, "tokio", pair, size);
            let pair = runtime.block_on(async { local_socket::tokio::Stream::pair().unwrap() });
            async_round_trips(&mut group, &runtime, "local_socket::tokio", pair, size);
            group.finish();
        }
    }

    fn round_trips<S: Read + Write + Send + 'static>(
        group: &mut Group<'_>,
        name: &str,
        (mut one, mut other): (S, S),
        size: usize,
    ) {
        let echo = thread::spawn(move || {
            let mut buf = vec![0; size];
            while other.read_exact(&mut buf).is_ok() {
                other.write_all(&buf).unwrap();
            }
        });
        let mut buf = vec![1; size];
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                one.write_all(&buf).unwrap();
                one.read_exact(&mut buf).unwrap();
            });
        });
        drop(one);
        echo.join().unwrap();
    }

    fn async_round_trips<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        group: &mut Group<'_>,
        runtime: &tokio::runtime::Runtime,
        name: &str,
        (mut one, mut other): (S, S),
        size: usize,
    ) {
        let echo = runtime.spawn(async move {
            let mut buf = vec![0; size];
            while other.read_exact(&mut buf).await.is_ok() {
                other.write_all(&buf).await.unwrap();
            }
        });
        let mut buf = vec![1; size];
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        one.write_all(&buf).await.unwrap();
                        one.read_exact(&mut buf).await.unwrap();
                    }
                    start.elapsed()
                })
            });
        });
        drop(one);
        runtime.block_on(echo).unwrap();
    }

    /// Measures writing blocks in one direction.
    fn throughput(criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("blocks of 64 KiB");
        group.throughput(Throughput::Bytes(BLOCK as u64));
        blocks(&mut group, "std", UnixStream::pair().unwrap());
        blocks(&mut group, "local_socket", Stream::pair().unwrap());
        let runtime = runtime();
        let pair = runtime.block_on(async { tokio::net::UnixStream::pair().unwrap() });
        async_blocks(&mut group, &runtime, "tokio", pair);
        let pair = runtime.block_on(async { local_socket::tokio::Stream::pair().unwrap() });
        async_blocks(&mut group, &runtime, "local_socket::tokio", pair);
        group.finish();
    }

    fn blocks<S: Read + Write + Send + 'static>(
        group: &mut Group<'_>,
        name: &str,
        (mut one, mut other): (S, S),
    ) {
        let sink = thread::spawn(move || {
            let mut buf = vec![0; BLOCK];
            while other.read(&mut buf).unwrap() > 0 {}
        });
        let block = vec![1; BLOCK];
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| one.write_all(&block).unwrap());
        });
        drop(one);
        sink.join().unwrap();
    }

    fn async_blocks<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        group: &mut Group<'_>,
        runtime: &tokio::runtime::Runtime,
        name: &str,
        (mut one, mut other): (S, S),
    ) {
        let sink = runtime.spawn(async move {
            let mut buf = vec![0; BLOCK];
            while other.read(&mut buf).await.unwrap() > 0 {}
        });
        let block = vec![1; BLOCK];
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        one.write_all(&block).await.unwrap();
                    }
                    start.elapsed()
                })
            });
        });
        drop(one);
        runtime.block_on(sink).unwrap();
    }

    /// Measures connecting, accepting and closing.
    fn connections(criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("connect, accept and close");
        group.measurement_time(Duration::from_secs(5));
        let folder = tempfile::tempdir().unwrap();

        let path = folder.path().join("std");
        let listener = UnixListener::bind(&path).unwrap();
        group.bench_function("std", |bencher| {
            bencher.iter(|| {
                let client = UnixStream::connect(&path).unwrap();
                (client, listener.accept().unwrap())
            });
        });

        let path = folder.path().join("ours");
        let name = path.as_path().to_fs_name::<GenericFilePath>().unwrap();
        let listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
        group.bench_function("local_socket", |bencher| {
            bencher.iter(|| {
                let client = Stream::connect(name.borrow()).unwrap();
                (client, listener.accept().unwrap())
            });
        });

        let runtime = runtime();
        let path = folder.path().join("tokio");
        let listener = runtime.block_on(async { tokio::net::UnixListener::bind(&path).unwrap() });
        group.bench_function("tokio", |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        let client = tokio::net::UnixStream::connect(&path).await.unwrap();
                        drop((client, listener.accept().await.unwrap()));
                    }
                    start.elapsed()
                })
            });
        });

        let path = folder.path().join("ours and tokio");
        let name = path.as_path().to_fs_name::<GenericFilePath>().unwrap();
        let options = ListenerOptions::new().name(name.borrow());
        let listener = runtime.block_on(async { options.create_tokio().unwrap() });
        group.bench_function("local_socket::tokio", |bencher| {
            use local_socket::{
                tokio::Stream,
                traits::tokio::{Listener as _, Stream as _},
            };
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        let client = Stream::connect(name.borrow()).await.unwrap();
                        drop((client, listener.accept().await.unwrap()));
                    }
                    start.elapsed()
                })
            });
        });
        group.finish();
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}
