//! Many clients of `listen` and slow ones: all are served, and nothing is left of them.

#[cfg(target_os = "linux")]
use crate::harness::{
    Running, becomes, memory, open_files, peak_memory, processor_time, threads_of, wait_until,
};
use crate::harness::{Scene, Wire, data};
#[cfg(target_os = "linux")]
use std::{
    fs,
    io::{Read, Write},
    thread,
    time::Duration,
};

/// Connects that many clients, and then sends the number of each and expects it back.
fn expect_echoes(scene: &Scene, count: usize) {
    let mut clients: Vec<Wire> = (0..count).map(|_| scene.wire("./s")).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(number.to_string());
        client.end();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.expect_rest(number.to_string());
    }
}

#[test]
fn five_hundred_clients_are_served_at_once() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    expect_echoes(&scene, 500);
    server.wait_for_message("connection 500: command ended with 0");
}

/// Returns the names and wait channels of the threads, and the open files.
#[cfg(target_os = "linux")]
fn threads_and_files(server: &Running) -> String {
    let read = |path: String| fs::read_to_string(path).unwrap_or_default();
    let folder = format!("/proc/{}", server.pid());
    let tasks = fs::read_dir(format!("{folder}/task")).unwrap().map(|task| {
        let task = task.unwrap().path().display().to_string();
        let name = read(format!("{task}/comm"));
        format!("thread {} {}\n", name.trim(), read(format!("{task}/wchan")))
    });
    let files = fs::read_dir(format!("{folder}/fd")).unwrap().map(|file| {
        let file = file.unwrap().path();
        format!("file {} {}\n", file.display(), fs::read_link(&file).unwrap_or_default().display())
    });
    tasks.chain(files).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn clients_one_after_another_leave_no_threads_and_descriptors() {
    let scene = Scene::new();
    for args in [&["-k", "--", "cat"][..], &["-k", "--buffer", "64K", "--", "cat"], &["-k"]] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        let echoes = args.len() > 1;
        let visit = || {
            let mut client = scene.wire("./s");
            if echoes {
                client.expect_echo("hello");
            } else {
                client.send("hello");
            }
        };
        // The first visits create what stays.
        visit();
        visit();
        if !echoes {
            server.wait_for_output("hello".repeat(2));
        }
        // The main thread, one for signals and one for messages; with commands one for each
        // further event loop too, one for timers, and one that looks up the names of users.
        let loops = thread::available_parallelism().unwrap().get();
        let with_commands = if echoes { loops + 1 } else { 0 };
        wait_until("the visits are over", || threads_of(&server) == 3 + with_commands);
        let (files, threads) = (open_files(&server), threads_of(&server));
        for _ in 0..300 {
            visit();
        }
        let is_over = becomes(|| open_files(&server) <= files && threads_of(&server) <= threads);
        assert!(
            is_over,
            "more than {files} files and {threads} threads:\n{}",
            threads_and_files(&server)
        );
        if !echoes {
            server.wait_for_output("hello".repeat(302));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_free_descriptors_clients_wait_and_are_served() {
    let scene = Scene::new();
    for options in [&[][..], &["--buffer", "64K"]] {
        let server = scene.limited("-n 40", ["listen", "-v", "./s", "-k"]).args(options);
        let server = server.args(["--", "cat"]).start_listening();
        expect_echoes(&scene, 100);
        server.terminate();
    }
}

/// Each connection holds bytes in a pipe as long as its target does not read.
#[cfg(target_os = "linux")]
#[test]
fn pipes_take_no_descriptors_from_connections() {
    const COUNT: usize = 100;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    // What event loops take, and two for each connection and a few more.
    let limit = 8 * thread::available_parallelism().unwrap().get() + 2 * COUNT + 50;
    let relay = scene.limited(&format!("-n {limit}"), ["relay", "-v", "./s", &target]);
    let relay = relay.start_listening();
    let bytes = data(300_000);
    let mut connections = Vec::new();
    for _ in 0..COUNT {
        let mut client = scene.wire("./s");
        client.send(&bytes);
        client.end();
        connections.push((client, host.accept()));
    }
    for (_, server) in &mut connections {
        server.expect_rest(&bytes);
    }
    drop(connections);
    relay.terminate().does_not_say("warning");
}

/// A client whose line waits for stdout does not hold a whole buffer.
#[cfg(target_os = "linux")]
#[test]
fn clients_of_a_hub_that_wait_for_stdout_take_little_memory() {
    const COUNT: usize = 1000;
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--merge"]).unread_output().start_listening();
    let mut clients: Vec<Wire> = (0..COUNT).map(|_| scene.wire("./s")).collect();
    server.wait_for_message(&format!("connection {COUNT} "));
    // Fills stdout and the queue.
    clients[0].send("a line\n".repeat(1 << 15));
    let before = memory(&server);
    for client in &mut clients[1..] {
        client.send("a line\n");
    }
    wait_until("all lines are read", || clients[1..].iter().all(|client| client.unread() == 0));
    let each = memory(&server).saturating_sub(before) / COUNT as u64;
    assert!(each < 4 << 10, "{each} bytes for each client");
    server.kill();
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_relayed_connection_takes_little_memory() {
    const COUNT: usize = 1000;
    let scene = Scene::new();
    let (_target, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).start_listening();
    let served = |clients: &mut [Wire]| {
        for client in clients {
            client.send("x");
            client.expect("x");
        }
    };
    // What the first ones need is kept.
    let mut first: Vec<Wire> = (0..50).map(|_| scene.wire("./s")).collect();
    served(&mut first);
    let before = memory(&relay);
    let mut clients: Vec<Wire> = (0..COUNT).map(|_| scene.wire("./s")).collect();
    served(&mut clients);
    let each = memory(&relay).saturating_sub(before) / COUNT as u64;
    assert!(each < 4 << 10, "{each} bytes for each connection");
    relay.kill();
}

#[cfg(target_os = "linux")]
#[test]
fn a_slow_reader_costs_no_memory() {
    const SIZE: usize = 200_000_000;
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"]] {
        let server = scene.listen("./s").args(args).open_input().unread_output();
        let mut server = server.start_listening();
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
            // Lets the writer be faster.
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

#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_a_crowd_is_returned_to_the_system() {
    const CROWD: usize = 1000;
    const MOST: u64 = 6_000_000;
    let scene = Scene::new();
    let (_target, target) = scene.echo("./t");
    let hub = ["-k", "--merge", "--broadcast"];
    for server in [scene.listen("./s").args(hub), scene.relay("./s", &target)] {
        let server = server.open_input().start_listening();
        let (files, before) = (open_files(&server), memory(&server));
        let mut clients: Vec<Wire> = (0..CROWD).map(|_| scene.wire("./s")).collect();
        // A hub keeps these bytes until the line ends.
        clients.iter_mut().for_each(|client| client.send(data(8 << 10)));
        wait_until("all clients are served", || open_files(&server) >= files + CROWD);
        drop(clients);
        wait_until("all clients have gone", || open_files(&server) <= files + 10);
        let is_returned = becomes(|| memory(&server) <= before + MOST);
        let (after, peak) = (memory(&server), peak_memory(&server));
        assert!(is_returned, "{before} bytes before, {peak} at most, {after} after");
    }
}

#[test]
fn clients_that_do_not_read_do_not_delay_others() {
    let scene = Scene::new();
    let args = ["-k", "--buffer", "64K", "--", "sh", "-c", "cat; yes | head -c 1000000"];
    let _server = scene.listen("./s").args(args).start_listening();
    let stuck: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
    stuck.iter().for_each(Wire::end);
    let expected = "y\n".repeat(500_000);
    scene.connect("./s").input("").run().silent().output(&expected);
    for mut client in stuck {
        client.expect_rest(&expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn waiting_takes_no_processor_time() {
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
    // Time is the subject: what two seconds of waiting cost.
    thread::sleep(Duration::from_secs(2));
    let after = [&waiting, &server, &client].map(processor_time);
    for (before, after) in before.into_iter().zip(after) {
        assert!(after - before <= 10, "{} hundredths of a second", after - before);
    }
}
