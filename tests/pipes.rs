//! Windows: names of pipes, and options of other systems.

mod commands;
mod inspecting;

use crate::harness::{Scene, wine_lacks};
use local_socket::os::windows::{Account, AsSecurityDescriptorExt as _, SecurityDescriptor, Sid};
use windows_sys::Win32::{
    Foundation::{CloseHandle, INVALID_HANDLE_VALUE},
    Security::SECURITY_ATTRIBUTES,
    Storage::FileSystem::PIPE_ACCESS_DUPLEX,
    System::Pipes::CreateNamedPipeW,
};

#[test]
fn a_pipe_has_many_spellings() {
    let scene = Scene::new();
    let word = scene.word();
    for name in [
        word.to_owned(),
        format!("@{word}"),
        format!("ns:{word}"),
        format!(r"\\.\pipe\{word}"),
        format!(r"\\.\PIPE\{word}"),
        format!("//./pipe/{word}"),
        format!(r"fs:\\.\pipe\{word}"),
    ] {
        let server = scene.listen(&name).input("there").start_listening();
        scene.connect(word).input("here").run().silent().output("there");
        server.end().ok().output("here");
        let server = scene.listen(word).input("there").start_listening();
        scene.connect(&name).input("here").run().silent().output("there");
        server.end().ok().output("here");
    }
}

#[test]
fn a_name_that_is_not_a_pipe_is_wrong_usage() {
    let scene = Scene::new();
    for name in
        ["./s", "a/b", r"a\b", r"C:\s", r"\\server\pipe\a", r"\\.\COM1", r"\\?\pipe\a", "fs:s"]
    {
        for command in ["listen", "connect"] {
            scene.lsock([command, name]).run().fails(2).output("").says(r"\\.\pipe\NAME");
        }
    }
    scene.expect_empty();
}

/// Windows would read such a name as that of another pipe, or of a file.
#[test]
fn a_name_that_windows_would_change_is_wrong_usage() {
    let scene = Scene::new();
    for name in [
        r"\\.\pipe\..\C:\windows\win.ini",
        "//./pipe/../C:/windows/win.ini",
        r"@..\C:\windows\win.ini",
        r"\\.\pipe\a\..\b",
        "dotted.",
        "..",
        "@spaced ",
        r"\\.\pipe\a\",
    ] {
        for command in ["listen", "connect"] {
            let outcome = scene.lsock([command, name]).run().fails(2).output("");
            outcome.says("Windows reads it as another name").does_not_say("hint");
        }
        scene.relay(scene.word(), name).run().fails(2).says("Windows reads it as another name");
    }
}

#[test]
fn options_of_other_systems_are_wrong_usage() {
    let scene = Scene::new();
    for args in [
        &["--mode", "660"][..],
        &["--group", "users"],
        &["--replace"],
        &["--backlog", "5"],
        &["--max-conns-per-user", "3", "-k", "--", "cmd"],
        &["--allow", "uid:0"],
        &["--allow", "any", "--allow", "gid:0"],
        &["--ready-fd", "3"],
    ] {
        scene
            .lsock(["listen", scene.word()])
            .args(args)
            .run()
            .fails(2)
            .says(args[0])
            .says("not available");
    }
}

#[test]
fn descriptors_of_a_relay_are_wrong_usage() {
    let scene = Scene::new();
    let target = scene.other_word();
    for args in [&[scene.word(), &target, "--pass-fds"][..], &["fd:3", &target]] {
        let option = if args[0] == "fd:3" { "fd:N" } else { "--pass-fds" };
        let outcome = scene.lsock(["relay"]).args(args).run();
        outcome.fails(2).output("").says(option).says("not available");
    }
}

#[test]
fn a_security_descriptor_can_allow_clients() {
    let scene = Scene::new();
    // All rights for everybody.
    let args = ["--sddl", "D:(A;;GA;;;WD)"];
    let server = scene.listen(scene.word()).args(args).input("there").start_listening();
    scene.connect(scene.word()).input("here").run().silent().output("there");
    server.end().ok().output("here");
    let server = scene.listen(scene.word()).args(["--allow", "any"]).start_listening();
    scene.connect(scene.word()).run().silent();
    server.end().ok();
    scene.lsock(["listen", scene.word(), "--sddl", "nonsense"]).run().fails(2).says("--sddl");
    let both = ["--sddl", "D:(A;;GA;;;WD)", "--allow", "any"];
    scene.lsock(["listen", scene.word()]).args(both).run().fails(2).says("--sddl");
}

/// The unit tests of the option check the descriptor itself.
#[test]
fn accounts_can_be_allowed() {
    let scene = Scene::new();
    let account = |sid: &str| Account::of(sid.parse().unwrap()).unwrap();
    let [system, users] = ["S-1-5-18", "S-1-5-32-545"].map(account);
    let rules = [
        format!("user:{}", system.name()),
        format!("group:{users}"),
        "sid:S-1-5-21-1-2-3-4004".to_owned(),
    ];
    let listen = || {
        let listen = scene.listen(scene.word());
        rules.iter().fold(listen, |listen, rule| listen.args(["--allow", rule]))
    };
    let plan = listen().arg("--explain").run().ok();
    plan.prints(&format!("serve        this user, {system}, {users}, S-1-5-21-1-2-3-4004\n"));
    // This user can always connect, and the listener can add instances.
    let _server = listen().args(["-k", "--", "hostname"]).start_listening();
    for _ in 0..3 {
        assert!(!scene.connect(scene.word()).run().silent().stdout.is_empty());
    }
}

#[test]
fn a_rule_for_an_unknown_account_or_for_another_kind_is_wrong_usage() {
    let scene = Scene::new();
    let me = Account::of(Sid::current_user().unwrap()).unwrap();
    let users = Account::of("S-1-5-32-545".parse().unwrap()).unwrap();
    for (rule, reason) in [
        ("user:no-such-account-anywhere".to_owned(), "there is no account `no-such-account"),
        ("group:no-such-account-anywhere".to_owned(), "there is no account `no-such-account"),
        ("sid:BA".to_owned(), "`sid:BA` is no security identifier"),
        (format!("user:{users}"), "is a group, not a user: --allow group:NAME"),
        (format!("group:{me}"), "is a user, not a group: --allow user:NAME"),
    ] {
        for command in [&["listen", scene.word()][..], &["relay", scene.word(), "a"]] {
            let outcome = scene.lsock(command).args(["--allow", &rule]).run();
            outcome.fails(2).output("").says(reason);
        }
    }
}

/// Messages of a server name the process and the account of each client.
#[test]
fn messages_name_the_account_of_a_client() {
    let scene = Scene::new();
    let me = Account::of(Sid::current_user().unwrap()).unwrap();
    let server = scene.listen(scene.word()).args(["-k", "--", "hostname"]).start_listening();
    let in_turn = scene.other_word();
    let other = scene.listen(&in_turn).arg("-k").start_listening();
    for (name, server) in [(scene.word(), &server), (&in_turn, &other)] {
        let client = scene.connect(name).start();
        let pid = client.pid();
        client.end().silent();
        server.wait_for_message(&format!("connection 1 from pid {pid} user {me}"));
    }
}

#[test]
fn a_pipe_that_this_user_may_not_use_is_named() {
    if wine_lacks("the check of the descriptor when a pipe is opened") {
        return;
    }
    let scene = Scene::new();
    // Everybody may read, and only the system may write. Nobody can listen on such a pipe with
    // lsock.
    let descriptor = SecurityDescriptor::from_sddl("D:(A;;GR;;;WD)(A;;GA;;;SY)").unwrap();
    let mut attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        ..SECURITY_ATTRIBUTES::default()
    };
    descriptor.write_to_security_attributes(&mut attributes);
    let path = format!("\\\\.\\pipe\\{}\0", scene.word());
    let path: Vec<u16> = path.encode_utf16().collect();
    // SAFETY: the path ends with a NUL; it and the descriptor outlive the call.
    let pipe = unsafe {
        CreateNamedPipeW(path.as_ptr(), PIPE_ACCESS_DUPLEX, 0, 1, 0, 0, 0, &raw const attributes)
    };
    assert_ne!(pipe, INVALID_HANDLE_VALUE);
    let outcome = scene.connect(scene.word()).run().fails(3);
    let outcome = outcome.says("it is a pipe that this user may not both read and write");
    outcome.says("hint: its server decides who may connect");
    // SAFETY: nothing else uses the handle.
    unsafe { CloseHandle(pipe) };
}

/// Only the first instance of a pipe can be created without them, so one client would be served.
#[test]
fn a_security_descriptor_without_the_rights_of_a_server_is_wrong_usage() {
    let scene = Scene::new();
    let hint = format!("hint: add (A;;GA;;;{}) for this user", Sid::current_user().unwrap());
    for (sddl, right) in [
        ("D:(A;;GR;;;WD)(A;;GA;;;SY)", "to write (FILE_GENERIC_WRITE)"),
        ("D:(A;;0x12019b;;;WD)", "no right to create instances (FILE_CREATE_PIPE_INSTANCE)"),
        ("D:(A;;GW;;;WD)", "no right to read (FILE_GENERIC_READ)"),
    ] {
        for args in [&["listen", scene.word()][..], &["relay", scene.word(), "absent"]] {
            let outcome = scene.lsock(args).args(["--sddl", sddl]).run().fails(2);
            outcome
                .says(&format!("--sddl `{sddl}`: it does not let this process listen"))
                .says(right)
                .says(&hint);
        }
    }
}

/// The instance of the client is a pipe of that name.
#[test]
fn the_name_is_taken_until_the_connection_of_the_only_client_has_ended() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).start_listening();
    let mut wire = scene.wire(scene.word());
    wire.expect_rest("");
    let outcome = scene.lsock(["listen", scene.word()]).run().fails(3);
    outcome.says("hint: choose another name; this one is free when its server and its connections");
    drop(wire);
    server.end().ok();
    let server = scene.listen(scene.word()).input("x").start_listening();
    scene.connect(scene.word()).run().silent().output("x");
    server.end().ok();
}

/// A backslash needs no quotes in the shells of Windows.
#[test]
fn hints_name_the_pipe_as_it_can_be_typed() {
    let scene = Scene::new();
    let pipe = format!(r"\\.\pipe\{}", scene.word());
    let hint = format!("hint: nobody listens there; `lsock listen {pipe}` does");
    scene.connect(scene.word()).run().fails(3).says(&hint);
}

#[test]
fn the_option_for_socket_files_of_other_programs_gets_a_hint_to_pipes() {
    let scene = Scene::new();
    for command in ["listen", "connect"] {
        let outcome = scene.lsock([command, "-U", scene.word()]).run();
        outcome.fails(2).says("hint: @a is the named pipe a without any option");
    }
}
