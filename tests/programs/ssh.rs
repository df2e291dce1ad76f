//! ssh: the local sockets of another machine, and an sshd that is a local socket itself.

use super::{on_a_free_port, takes_tcp, wait_for_server};
use crate::harness::{Cmd, Running, Scene, data, has, has_sshd};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, thread};

fn is_here() -> bool {
    has("ssh") && has("ssh-keygen") && has_sshd()
}

/// The keys, and the configuration of both programs: `ssh -F ./ssh_config host` gets in.
fn configure(scene: &Scene, port: u16) {
    for key in ["host_key", "client_key"] {
        if !scene.path(key).exists() {
            let keygen = scene.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", ""]);
            keygen.args(["-f", key]).run().ok();
        }
    }
    let path = |name: &str| scene.path(name).display().to_string();
    let server = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
         MaxStartups 100\n",
        path("host_key"),
        path("client_key.pub"),
    );
    fs::write(scene.path("sshd_config"), server).unwrap();
    let client = format!(
        "Host host\nHostName 127.0.0.1\nPort {port}\nIdentityFile {}\nIdentitiesOnly yes\n\
         BatchMode yes\nLogLevel ERROR\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n",
        path("client_key"),
    );
    fs::write(scene.path("ssh_config"), client).unwrap();
}

/// sshd with arguments. It requires its absolute path.
fn sshd(scene: &Scene, args: &str) -> Cmd {
    let config = scene.path("sshd_config");
    let script = format!(r#"exec "$(command -v sshd)" -f {} {args}"#, config.display());
    scene.command("sh").args(["-c", &script])
}

fn start_sshd(scene: &Scene) -> Running {
    let start = |port| {
        configure(scene, port);
        sshd(scene, "-D -e")
    };
    on_a_free_port(start, |_, port| takes_tcp(port)).0
}

/// The command by which a relay reaches the socket ./remote on the other machine.
fn connect_there(scene: &Scene) -> [String; 6] {
    let remote = scene.path("remote").display().to_string();
    let config = scene.path("ssh_config").display().to_string();
    let lsock = env!("CARGO_BIN_EXE_lsock");
    ["ssh", "-F", &config, "host", lsock, &format!("connect {remote}")].map(str::to_owned)
}

#[test]
fn a_relay_over_ssh_serves_many_clients_with_their_half_closes() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _sshd = start_sshd(&scene);
    let (_serving, _) = scene.echo("./remote");
    let relay = scene.lsock(["relay", "-v", "./s", "--"]).args(connect_there(&scene));
    let relay = relay.start_listening();
    let bytes = data(3_000_000);
    thread::scope(|scope| {
        for _ in 0..5 {
            // The echo ends when the half-close has arrived.
            scope.spawn(|| scene.wire("./s").expect_echo(&bytes));
        }
    });
    relay.does_not_say("warning");
    relay.terminate();
}

/// The way back: clients of the other machine reach a server of this one. ssh listens there.
#[test]
fn clients_of_the_other_machine_reach_a_server_here_through_a_forwarded_socket() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _sshd = start_sshd(&scene);
    let (_serving, _) = scene.echo("./here");
    let forward = format!("{}:./here", scene.path("there").display());
    let ssh = scene.command("ssh").args(["-F", "./ssh_config", "-N", "-R", &forward, "host"]);
    let mut ssh = ssh.start();
    wait_for_server(&scene, &mut ssh, "there");
    let bytes = data(1_000_000);
    for args in [&["connect", "./there"][..], &["relay", "-", "./there"]] {
        scene.lsock(args).input(bytes.clone()).run().silent().output(&bytes);
    }
}

/// lsock listens there, for one client. ssh has one socket for both directions here, and does not
/// shut down one of them: the client ends by closing.
#[test]
fn a_client_of_the_other_machine_reaches_a_server_here_through_a_command() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _sshd = start_sshd(&scene);
    let (_serving, _) = scene.echo("./here");
    let listen = format!("listen -v {}", scene.path("there").display());
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let ssh = ["ssh", "-F", "./ssh_config", "host", lsock, &listen];
    let connect = scene.lsock(["connect", "./here", "--"]).args(ssh).start();
    connect.wait_for_message("listening on ");
    drop(scene.served_wire("./there"));
    connect.end().code(0);
}

#[test]
fn clients_of_an_ssh_that_dies_are_closed() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _sshd = start_sshd(&scene);
    let (_serving, _) = scene.echo("./remote");
    let script = format!("echo $$ > pid; exec {}", connect_there(&scene).join(" "));
    let relay = scene.lsock(["relay", "-v", "./s", "--", "sh", "-c", &script]).start_listening();
    let mut client = scene.wire("./s");
    client.send("x");
    client.expect("x");
    let pid = fs::read_to_string(scene.path("pid")).unwrap();
    kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(client.rest_whatever_happens(), b"");
    relay.wait_for_message("connection 1: ");
    // The next client gets an ssh of its own.
    scene.wire("./s").expect_echo("hello");
}

#[test]
fn an_sshd_behind_a_local_socket_is_reached_by_a_proxy_command() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    configure(&scene, 1);
    let config = scene.path("sshd_config").display().to_string();
    let inetd = format!(r#"exec "$(command -v sshd)" -i -e -f {config} 2>>sshd.log"#);
    let listen = scene.listen("./sshd").args(["-k", "--", "sh", "-c", &inetd]);
    let _listen = listen.start_listening();
    let lsock = env!("CARGO_BIN_EXE_lsock");
    for (command, passes) in
        [("connect", "no"), ("relay -", "no"), ("connect --pass-connection", "yes")]
    {
        let proxy = format!("ProxyCommand={lsock} {command} {}", scene.path("sshd").display());
        let ssh = scene.command("ssh").args(["-F", "./ssh_config", "-o", &proxy]);
        let ssh = ssh.args(["-o", &format!("ProxyUseFdpass={passes}"), "host", "cat"]);
        let bytes = data(1_000_000);
        let outcome = ssh.input(bytes.clone()).run();
        outcome.ok().output(&bytes);
    }
}
