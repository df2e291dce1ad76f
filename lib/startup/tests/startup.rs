//! State of a process at its start. The test binary starts itself to do a job, through a shell that
//! prepares the state.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use lsock_startup::{
    close_all_on_exec, ignores_signal, reset_ignored_sigchld, set_descriptor_limit,
    stdin_was_closed, stdout_was_closed, take, take_inherited,
};
use rustix::{
    io::{FdFlags, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd},
    process::{Resource, getrlimit},
};
use std::{
    env,
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, RawFd},
        unix::{net::UnixStream, process::CommandExt as _},
    },
    process::{Command, Output, exit},
};

const JOB: &str = "LSOCK_STARTUP_TEST_JOB";

/// Exit status of a job that has succeeded.
const DONE: i32 = 42;

const JOBS: &[(&str, fn())] = &[
    ("take 3", take_3),
    ("take 300", take_300),
    ("tell what was closed", tell_what_was_closed),
    ("wait for a child", wait_for_a_child),
    ("start a program", start_a_program),
];

/// Not a test: runs the jobs of the other tests.
#[test]
#[ignore = "not a test: the job of child processes that other tests start"]
fn job() {
    let Ok(wanted) = env::var(JOB) else { return };
    let (_, job) = JOBS.iter().find(|(name, _)| *name == wanted).unwrap();
    job();
    exit(DONE);
}

/// Returns the job, started by a shell with this text before and after the command.
fn command(job: &str, before: &str, after: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!(r#"{before} exec "$0" --exact job --ignored --nocapture {after}"#);
    command.args(["-c", &script]).arg(env::current_exe().unwrap()).env(JOB, job);
    command
}

#[track_caller]
fn run(job: &str, before: &str, after: &str) -> Output {
    let output = command(job, before, after).output().unwrap();
    assert_eq!(output.status.code(), Some(DONE), "{job}, {before} {after}: {output:?}");
    output
}

#[track_caller]
fn assert_refused(number: RawFd, why: &str) {
    let errors = [take(number).unwrap_err(), take_inherited(number).unwrap_err()];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}: {error}");
        assert!(error.to_string().contains(why), "{number}: {error}");
    }
}

#[test]
fn descriptors_that_the_process_has_opened_itself_are_refused() {
    let (mut one, mut other) = UnixStream::pair().unwrap();
    for stream in [&one, &other] {
        assert_refused(stream.as_raw_fd(), "no such descriptor was open at the start");
    }
    // The owners can still use them.
    one.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
}

#[test]
fn standard_descriptors_are_refused() {
    for number in [-1, 0, 1, 2] {
        assert_refused(number, "0, 1 and 2 are standard input, output and error");
    }
}

#[test]
fn an_inherited_descriptor_can_be_taken_once() {
    for before in ["", "ulimit -n 64;"] {
        run("take 3", before, "3<&0 </dev/null");
    }
}

fn take_3() {
    let taken = take(3).unwrap();
    assert_eq!(taken.as_raw_fd(), 3);
    assert!(fcntl_getfd(&taken).unwrap().contains(FdFlags::CLOEXEC));
    assert_refused(3, "taken before");
    assert_refused(4, "no such descriptor was open at the start");
    drop(taken);
    // The next descriptor has the number 3.
    let file = File::open("/dev/null").unwrap();
    assert_eq!(file.as_raw_fd(), 3);
    assert_refused(3, "taken before");
}

#[test]
fn numbers_above_255_are_refused() {
    let high = fcntl_dupfd_cloexec(File::open("/dev/null").unwrap(), 300).unwrap();
    assert_eq!(high.as_raw_fd(), 300);
    fcntl_setfd(&high, FdFlags::empty()).unwrap();
    run("take 300", "", "");
}

fn take_300() {
    assert!(File::open("/dev/fd/300").is_ok());
    assert_refused(300, "only descriptors up to 255");
}

#[test]
fn closed_standard_streams_are_detected() {
    for (closed, expected) in
        [("", ""), ("<&-", "in"), (">&-", "out"), ("<&- >&-", "in out"), ("2>&-", "")]
    {
        for before in ["", "ulimit -n 64;"] {
            let mut command = command("tell what was closed", before, closed);
            let output = command.env("EXPECTED", expected).output().unwrap();
            assert_eq!(output.status.code(), Some(DONE), "{before} {closed}: {output:?}");
        }
    }
}

fn tell_what_was_closed() {
    let closed: Vec<_> = [(stdin_was_closed(), "in"), (stdout_was_closed(), "out")]
        .into_iter()
        .filter_map(|(is_closed, name)| is_closed.then_some(name))
        .collect();
    assert_eq!(closed.join(" "), env::var("EXPECTED").unwrap());
}

#[test]
fn a_child_has_an_exit_status_although_sigchld_was_ignored() {
    // Without a shell, which would handle the signal.
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "job", "--ignored", "--nocapture"]).env(JOB, "wait for a child");
    let ignore = || {
        // SAFETY: no handler is replaced.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        Ok(())
    };
    // SAFETY: between fork and exec there is one system call, and nothing is allocated or
    // locked.
    let output = unsafe { command.pre_exec(ignore) }.output().unwrap();
    assert_eq!(output.status.code(), Some(DONE), "{output:?}");
}

fn wait_for_a_child() {
    assert!(ignores_signal(libc::SIGCHLD).unwrap());
    let status = || Command::new("sh").args(["-c", "exit 7"]).status();
    assert_eq!(status().unwrap_err().raw_os_error(), Some(libc::ECHILD));
    reset_ignored_sigchld().unwrap();
    assert!(!ignores_signal(libc::SIGCHLD).unwrap());
    assert_eq!(status().unwrap().code(), Some(7));
}

#[test]
fn ignored_signals_are_detected() {
    // Rust's runtime sets this one.
    assert!(ignores_signal(libc::SIGPIPE).unwrap());
    assert!(!ignores_signal(libc::SIGUSR2).unwrap());
    assert_eq!(ignores_signal(1_000_000).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn child_programs_inherit_only_the_standard_descriptors() {
    run("start a program", "", "3</dev/null 9</dev/null");
}

fn start_a_program() {
    let sees = || Command::new("sh").args(["-c", "true <&3 || exit 3; true <&9"]).status();
    assert!(sees().unwrap().success());
    close_all_on_exec().unwrap();
    assert!(!sees().unwrap().success());
}

/// Returns the limits of a program that is started with these limits.
fn limits_of_a_program(soft: Option<u64>, hard: Option<u64>) -> io::Result<String> {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn; ulimit -Hn"]);
    set_descriptor_limit(&mut command, soft, hard);
    let output = command.output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_child_program_has_the_limits_that_were_set() {
    let own = getrlimit(Resource::Nofile);
    for (soft, hard) in [(64, 128), (100, 100)] {
        let limits = limits_of_a_program(Some(soft), Some(hard)).unwrap();
        assert_eq!(limits, format!("{soft}\n{hard}\n"));
    }
    // The limits of this process are allowed, and stay unchanged.
    limits_of_a_program(own.current, own.maximum).unwrap();
    assert_eq!(getrlimit(Resource::Nofile), own);
}

#[test]
fn a_program_with_invalid_limits_is_not_started() {
    let error = limits_of_a_program(Some(129), Some(128)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    // No limit may be above that of the system for one process (fs.nr_open).
    #[cfg(target_os = "linux")]
    for hard in [Some(u64::MAX / 2), None] {
        let error = limits_of_a_program(Some(64), hard).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
}
