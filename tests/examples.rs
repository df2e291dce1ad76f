//! Runs each command line in the README and in the examples of the man pages, and compares what
//! it prints with the document.
//!
//! In the README these are the fenced blocks marked `sh`; a `text` block that follows is the
//! expected output. In the pages they are the blocks between `.EX` and `.EE`. In both, comments
//! `# prints: ...` are expected output too. A block that cannot run here (installation, Windows)
//! is marked `console`. The examples in the help of each command are in `help`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

#[path = "examples/help.rs"]
mod help;

use std::{
    fs,
    io::{Read, Seek},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A block of commands and its location in the document.
struct Example {
    location: String,
    script: String,
    prints: String,
}

/// The abstract name in the examples, which is replaced by one that no other run uses.
const WORD: &str = "chat";

/// The TCP port in the examples, which is replaced by a free one.
const PORT: &str = "8080";

/// The time limit of an example.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn examples_of_the_readme_print_what_it_says() {
    run_all("README.md", &in_readme(&read("README.md")), 8);
}

#[test]
fn examples_of_lsock_tour_7_print_what_it_says() {
    run_page("man/lsock-tour.7", 20);
}

#[test]
fn examples_of_lsock_1_print_what_it_says() {
    run_page("man/lsock.1", 4);
}

#[test]
fn examples_of_lsock_listen_1_print_what_it_says() {
    run_page("man/lsock-listen.1", 6);
}

#[test]
fn examples_of_lsock_connect_1_print_what_it_says() {
    run_page("man/lsock-connect.1", 5);
}

#[test]
fn examples_of_lsock_relay_1_print_what_it_says() {
    run_page("man/lsock-relay.1", 6);
}

/// Only Linux and macOS exchange files.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn examples_of_lsock_tap_1_print_what_it_says() {
    run_page("man/lsock-tap.1", 2);
}

#[test]
fn examples_of_lsock_bench_1_print_what_it_says() {
    run_page("man/lsock-bench.1", 6);
}

#[test]
#[cfg(target_os = "linux")]
fn examples_of_lsock_ls_1_print_what_it_says() {
    run_page("man/lsock-ls.1", 3);
}

#[test]
fn examples_of_lsock_name_1_print_what_it_says() {
    run_page("man/lsock-name.1", 4);
}

#[test]
fn examples_of_lsock_replay_1_print_what_it_says() {
    run_page("man/lsock-replay.1", 1);
}

#[test]
fn examples_of_lsock_names_7_print_what_it_says() {
    run_page("man/lsock-names.7", 3);
}

#[test]
fn examples_of_lsock_trace_7_print_what_it_says() {
    run_page("man/lsock-trace.7", 1);
}

#[test]
fn a_wrong_example_is_found() {
    let example = |script: &str, prints: &str| Example {
        location: "nowhere".to_owned(),
        script: script.to_owned(),
        prints: prints.to_owned(),
    };
    assert!(run(&example("echo a", "a\n")).is_ok());
    assert!(run(&example("echo a", "b\n")).is_err());
    assert!(run(&example("echo a", "")).is_err());
    assert!(run(&example("false\necho a", "a\n")).is_err());
    assert!(run(&example("echo a >&2", "")).is_err());
}

fn run_page(page: &str, count: usize) {
    run_all(page, &in_page(&read(page)), count);
}

/// Runs the examples of a document. Fails if there are fewer than expected, as with a parser that
/// misses them.
#[track_caller]
fn run_all(document: &str, examples: &[Example], at_least: usize) {
    assert!(examples.len() >= at_least, "{document}: only {} examples", examples.len());
    let failures: Vec<String> = examples.iter().filter_map(|example| run(example).err()).collect();
    assert!(failures.is_empty(), "{document}:\n{}", failures.join("\n"));
}

fn read(document: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn in_readme(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    // Only empty lines have followed the last example.
    let mut follows = false;
    while let Some((number, line)) = lines.next() {
        let Some(mark) = line.strip_prefix("```") else {
            follows &= line.is_empty();
            continue;
        };
        let block: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        match (mark, examples.last_mut()) {
            ("sh", _) => examples.push(example(format!("README.md:{}", number + 1), &block)),
            ("text", Some(last)) if follows => last.prints = block.join("\n") + "\n",
            _ => {}
        }
        follows = mark == "sh";
    }
    examples
}

fn in_page(text: &str) -> Vec<Example> {
    let mut lines = text.lines().enumerate();
    let mut examples = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line == ".EX" {
            let block: Vec<String> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != ".EE")
                .map(plain)
                .collect();
            let block: Vec<&str> = block.iter().map(String::as_str).collect();
            examples.push(example(format!("line {}", number + 1), &block));
        }
    }
    examples
}

/// Returns a line without the escapes of man(7).
fn plain(line: &str) -> String {
    let line = line.replace("\\-", "-").replace("\\(aq", "'").replace("\\(ga", "`");
    let line = line.replace("\\(ti", "~").replace("\\&", "");
    assert!(!line.replace("\\e", "").contains('\\'), "unknown escape: {line}");
    line.replace("\\e", "\\")
}

fn example(location: String, block: &[&str]) -> Example {
    let prints = block.iter().filter_map(|line| line.strip_prefix("# prints: "));
    let prints = prints.map(|line| format!("{line}\n")).collect();
    Example { location, script: block.join("\n"), prints }
}

/// Returns why an example cannot run here: a command of other systems, or a program that is not
/// installed. With `LSOCK_REQUIRE_PEERS=1` every program has to be.
fn obstacle(script: &str) -> Option<&'static str> {
    let has = |word: &str| script.split_whitespace().any(|other| other == word);
    if script.contains("lsock ls ") && !cfg!(target_os = "linux") {
        return Some("only Linux has a table of sockets");
    }
    if script.contains("lsock tap ") && !cfg!(any(target_os = "linux", target_os = "macos")) {
        return Some("only Linux and macOS exchange files");
    }
    let is_required = std::env::var_os("LSOCK_REQUIRE_PEERS").is_some_and(|value| value == "1");
    if is_required || !has("tshark") {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_installed = std::env::split_paths(&path).any(|folder| folder.join("tshark").is_file());
    (!is_installed).then_some("tshark is not installed")
}

/// Runs an example in a new folder. Returns a description of the failure.
fn run(example: &Example) -> Result<(), String> {
    if let Some(obstacle) = obstacle(&example.script) {
        eprintln!("left out ({}): {obstacle}", example.location);
        return Ok(());
    }
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let word = format!("{WORD}-{}-{number}", std::process::id());
    let port = free_port(number).to_string();
    let own = |text: &str| with_word(text, &word).replace(PORT, &port);
    // The program is built.
    let script = own(&example.script.replace("cargo build && ", ""));
    let expected = own(&example.prints);

    let folder = tempfile::tempdir().expect("a folder");
    let mut output = tempfile::tempfile().expect("a file");
    let bin = Path::new(env!("CARGO_BIN_EXE_lsock")).parent().expect("the folder of lsock");
    let path = std::env::var("PATH").expect("PATH");
    let mut shell = Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", bin.display()))
        .env_remove("LSOCK_LOG")
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("the file"))
        .stderr(output.try_clone().expect("the file"))
        .process_group(0)
        .spawn()
        .expect("sh");
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        match shell.try_wait().expect("the shell's status") {
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            status => break status,
        }
    };
    // Processes that the example has left running.
    let group = i32::try_from(shell.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = shell.wait();
    let mut printed = String::new();
    output.rewind().expect("the file");
    output.read_to_string(&mut printed).expect("text");
    match status {
        Some(status) if status.success() && printed == expected => Ok(()),
        status => Err(format!(
            "{}: {}\n{script}\n--- expected\n{expected}--- printed\n{printed}",
            example.location,
            status.map_or("not ended in time".to_owned(), |status| status.to_string()),
        )),
    }
}

/// Returns a TCP port on which nobody listens, outside of the range from which the system chooses
/// ports; a different one for each example.
fn free_port(number: u32) -> u16 {
    let first = std::process::id().wrapping_mul(97).wrapping_add(number) % 10_000;
    (0..10_000)
        .map(|next| 20_000 + (first + next) % 10_000)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

/// Replaces the word `chat`, unless it is a part of a file name.
fn with_word(text: &str, own: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(WORD) {
        let (before, after) = (&rest[..at], &rest[at + WORD.len()..]);
        let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || "/:-_".contains(c))
            && !after.starts_with(|c: char| c.is_alphanumeric() || ".-_".contains(c));
        out.push_str(before);
        out.push_str(if is_word { own } else { WORD });
        rest = after;
    }
    out + rest
}
