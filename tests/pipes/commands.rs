//! Windows: commands, with `cmd` as the program.

use crate::harness::{Scene, wait_until};
use local_socket::{Name, Stream, prelude::*};
use windows_sys::Win32::{
    Foundation::{CloseHandle, INVALID_HANDLE_VALUE},
    System::Diagnostics::ToolHelp::{
        CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW,
        TH32CS_SNAPPROCESS,
    },
};

const LSOCK: &str = env!("CARGO_BIN_EXE_lsock");

/// A folder of the system, as it is typed.
fn system32(program: &str) -> String {
    let root = std::env::var("SystemRoot").unwrap();
    format!(r"{root}\system32\{program}")
}

#[test]
fn a_backslash_is_an_ordinary_character_in_a_command() {
    let scene = Scene::new();
    let program = system32("cmd.exe");
    for (target, joined_to) in [
        (format!("exec:{program} /c exit 7"), format!("{program} /c exit 7")),
        (format!(r#"exec:"{program}" /c 'exit 7'"#), format!("{program} /c exit 7")),
    ] {
        let plan = scene.relay(scene.word(), &target).arg("--explain").run().silent();
        plan.prints(&format!("join to      the command `{joined_to}`"));
        let server = scene.relay(scene.word(), &target).arg("--once").start_listening();
        scene.wire(scene.word()).expect_rest("");
        server.end().code(7);
    }
    let outcome = scene.relay(scene.word(), r"exec:C:\no\such.exe").run().fails(2);
    outcome.says(r"cannot run `C:\no\such.exe`: no such file");
}

#[test]
fn all_32_bits_of_the_status_of_a_command_are_passed_on() {
    let scene = Scene::new();
    // The last one is an access violation, 0xC0000005.
    for status in [0, 1, 255, 256, 300, -1, -1_073_741_819] {
        let exit = format!("exit {status}");
        let command = ["--", "cmd", "/c", &exit];
        let server = scene.listen(scene.word()).args(command).start_listening();
        scene.wire(scene.word()).rest_whatever_happens();
        server.end().code(status);
    }
    let command = ["--", "cmd", "/c", "exit 300"];
    let server = scene.lsock(["relay", "-v", "--once", scene.word()]).args(command);
    let server = server.start_listening();
    scene.wire(scene.word()).rest_whatever_happens();
    server.end().code(300);
    let (host, _) = scene.host(scene.word());
    let client = scene.connect(scene.word()).args(command).start();
    drop(host.accept());
    client.end().code(300);
    drop(host);
    let server = scene.listen(scene.word()).arg("-k").args(command).start_listening();
    scene.wire(scene.word()).rest_whatever_happens();
    server.wait_for_message("connection 1: command ended with 300");
}

/// Returns whether somebody listens on the name.
fn is_served(name: &str) -> bool {
    Stream::connect(Name::parse(name).unwrap()).is_ok()
}

/// A command that starts another process, which listens on `name` until it is killed.
fn tree<'a>(name: &'a str, absent: &'a str) -> [&'a str; 7] {
    ["--", "cmd", "/c", LSOCK, "relay", name, absent]
}

#[test]
fn a_command_is_ended_with_all_processes_that_it_has_started() {
    let scene = Scene::new();
    let [inner, absent] = ["inner", "absent"].map(|end| format!("{}-{end}", scene.word()));
    for args in [&["listen"][..], &["listen", "-k"], &["relay"]] {
        let server = scene.lsock(args).args(["-v", scene.word(), "--idle-timeout", "3s"]);
        let server = server.args(tree(&inner, &absent)).start_listening();
        let mut wire = scene.wire(scene.word());
        wait_until("the inner process listens", || {
            wire.send("x");
            is_served(&inner)
        });
        // The idle limit ends the transfer and the command.
        wire.rest_whatever_happens();
        wait_until("the inner process has ended", || !is_served(&inner));
        drop(server);
    }
}

#[test]
fn commands_end_with_lsock_even_if_it_is_killed() {
    let scene = Scene::new();
    let [inner, absent] = ["inner", "absent"].map(|end| format!("{}-{end}", scene.word()));
    let server = scene.listen(scene.word()).args(tree(&inner, &absent)).start_listening();
    let _wire = scene.wire(scene.word());
    wait_until("the inner process listens", || is_served(&inner));
    server.kill();
    wait_until("the inner process has ended", || !is_served(&inner));
}

/// As on other systems. It has inherited the standard streams of the command, and not those of
/// lsock.
#[test]
fn a_process_that_a_command_leaves_running_does_not_keep_the_output_of_lsock_open() {
    let scene = Scene::new();
    let [inner, absent] = ["inner", "absent"].map(|end| format!("{}-{end}", scene.word()));
    // `start` reads a word that begins with a slash as an option.
    let lsock = std::path::absolute(LSOCK).unwrap();
    let server = scene.listen(scene.word()).args(["--", "cmd", "/c", "start", "/b"]).arg(lsock);
    let server = server.args(["relay", "--once", &inner, &absent, "&", "echo", "done"]);
    let mut server = server.start_listening();
    let mut wire = scene.wire(scene.word());
    wire.expect("done");
    wait_until("the command has ended", || !has_children(server.pid()));
    // The process has inherited the output of the command, so only this ends the transfer.
    drop(wire);
    wait_until("the server has ended", || !server.is_running());
    server.wait_for_end_of_output("");
    // The process serves one client and ends.
    scene.wire(&inner).rest_whatever_happens();
}

/// Returns whether a process has started another one that is running.
fn has_children(pid: u32) -> bool {
    let mut entry =
        PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..Default::default() };
    // SAFETY: the handle is closed after its last use, and the structure has its size.
    unsafe {
        let all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
        assert_ne!(all, INVALID_HANDLE_VALUE);
        let mut is_entry = Process32FirstW(all, &raw mut entry);
        while is_entry != 0 && entry.th32ParentProcessID != pid {
            is_entry = Process32NextW(all, &raw mut entry);
        }
        CloseHandle(all);
        is_entry != 0
    }
}
