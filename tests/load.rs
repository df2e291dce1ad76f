//! Many clients, slow ones, and that nothing is left over of them.

#[cfg(target_os = "linux")]
use crate::harness::{
    Running, becomes, open_files, peak_memory, processor_time, signal, threads_of, wait_until,
};
use crate::harness::{Scene, data};
use rustix::process::Signal;
use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    thread,
};

#[test]
fn five_hundred_at_once() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    // All of them are there before the first one is done.
    let mut clients: Vec<_> = (0..500).map(|_| scene.wire("./s")).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        write!(client, "{number}").unwrap();
        client.end();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.expect_rest(number.to_string());
    }
    server.wait_for_message("connection 500: command ended with 0");
}

/// Their number for a process that is idle again.
#[cfg(target_os = "linux")]
fn left_over(server: &Running) -> (usize, usize) {
    (open_files(server), threads_of(server))
}

/// What its threads are doing, and what it has open.
#[cfg(target_os = "linux")]
fn details(server: &Running) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let folder = format!("/proc/{}", server.pid());
    let tasks = fs::read_dir(format!("{folder}/task")).unwrap().map(|task| {
        let task = task.unwrap().path().display().to_string();
        format!(
            "thread {} {}",
            read(&format!("{task}/comm")).trim(),
            read(&format!("{task}/wchan"))
        )
    });
    let files = fs::read_dir(format!("{folder}/fd")).unwrap().map(|file| {
        let file = file.unwrap().path();
        format!("file {} {}", file.display(), fs::read_link(&file).unwrap_or_default().display())
    });
    let log = server.log();
    let log = log.lines().rev().take(3).map(str::to_owned);
    let lines: Vec<String> = tasks.chain(files).chain(log).collect();
    lines.join("\n")
}

#[cfg(target_os = "linux")]
#[test]
fn three_hundred_one_after_another_leave_nothing() {
    let scene = Scene::new();
    for args in [&["-k", "--", "cat"][..], &["-k", "--buffer", "64K", "--", "cat"], &["-k"]] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        let echoes = args.len() > 1;
        let visit = || {
            let mut client = scene.wire("./s");
            client.send("hello");
            if echoes {
                client.end();
                client.expect_rest("hello");
            }
        };
        // The first ones make what stays for good.
        visit();
        visit();
        if !echoes {
            server.wait_for_output("hello".repeat(2));
        }
        // The main thread, the one that waits for signals and the one that writes messages;
        // with commands one for each further event loop, too.
        let loops = if echoes { thread::available_parallelism().unwrap().get() } else { 1 };
        wait_until("the visits are over", || threads_of(&server) == loops + 2);
        let before = left_over(&server);
        for _ in 0..300 {
            visit();
        }
        let is_over = becomes(|| {
            let now = left_over(&server);
            now.0 <= before.0 && now.1 <= before.1
        });
        assert!(is_over, "{args:?}: more than {before:?}\n{}", details(&server));
        if !echoes {
            server.wait_for_output("hello".repeat(302));
        }
    }
}

/// With few descriptors nobody is dropped who could be served later.
#[cfg(target_os = "linux")]
#[test]
fn out_of_descriptors() {
    let scene = Scene::new();
    for args in ["-- cat", "--buffer 64K -- cat"] {
        let script = format!(r#"ulimit -n 40; exec "$0" listen -v ./s -k {args}"#);
        let server = scene.shell(&script);
        let mut server = server.start_listening();
        let mut clients: Vec<_> = (0..100).map(|_| scene.wire("./s")).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            write!(client, "{number}").unwrap();
            client.end();
        }
        for (number, mut client) in clients.into_iter().enumerate() {
            client.expect_rest(number.to_string());
        }
        assert!(server.is_running());
        server.terminate();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_slow_reader_costs_no_memory() {
    const SIZE: usize = 200_000_000;
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"]] {
        let mut server =
            scene.listen("./s").args(args).open_input().unread_output().start_listening();
        let mut client = scene.connect("./s").args(args).open_input().start();
        let mut input = client.take_input();
        let writer = thread::spawn(move || {
            let piece = data(1 << 20);
            let mut rest = SIZE;
            while rest > 0 {
                let length = piece.len().min(rest);
                input.write_all(&piece[..length]).unwrap();
                rest -= length;
            }
        });
        let mut output = server.take_output();
        let (mut buffer, mut received) = (vec![0; 1 << 20], 0);
        while received < SIZE {
            let read = output.read(&mut buffer).unwrap();
            assert!(read > 0, "{received} bytes");
            received += read;
            // The writer is faster.
            thread::yield_now();
        }
        writer.join().unwrap();
        for process in [&server, &client] {
            let peak = peak_memory(process);
            assert!(peak < 20_000_000, "{peak} bytes of memory");
        }
        server.close_input();
        client.end().silent();
        server.end().ok();
    }
}

/// One who does not read does not keep others from being served.
#[test]
fn a_stuck_client_does_not_disturb_others() {
    let scene = Scene::new();
    let args = ["-k", "--buffer", "64K", "--", "sh", "-c", "cat; yes | head -c 1000000"];
    let _server = scene.listen("./s").args(args).start_listening();
    let stuck: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
    for client in &stuck {
        client.end();
    }
    let expected = "y\n".repeat(500_000);
    scene.connect("./s").input("").run().silent().output(&expected);
    for mut client in stuck {
        client.expect_rest(&expected);
    }
}

/// While it waits it uses no processor time.
#[cfg(target_os = "linux")]
#[test]
fn waiting_costs_nothing() {
    let scene = Scene::new();
    let waiting = scene.lsock(["connect", "./missing", "-vv", "--wait"]).start();
    waiting.wait_for_message("trying again");
    let mut server = scene.listen("./s").args(["--linger", "10m"]).open_input().start_listening();
    let mut client = scene.connect("./s").args(["--idle-timeout", "10m"]).open_input().start();
    client.send("x");
    server.wait_for_output("x");
    server.send("y");
    client.wait_for_output("y");
    client.close_input();
    server.wait_for_end_of_output("x");
    let before = [&waiting, &server, &client].map(processor_time);
    thread::sleep(std::time::Duration::from_secs(2));
    let after = [&waiting, &server, &client].map(processor_time);
    for (before, after) in before.into_iter().zip(after) {
        // In hundredths of a second.
        assert!(after - before <= 10, "{before} {after}");
    }
}
