use super::{ForeignRole, Meaning, recognise};
use local_socket::Platform::{self, Linux, Unix, Windows};

/// Returns the endpoint of lsock that a text means.
fn meant(text: &str, platform: Platform) -> Option<String> {
    recognise(text, platform).and_then(|address| address.meaning.endpoint())
}

#[track_caller]
fn expect(platform: Platform, cases: &[(&str, &str)]) {
    for (text, endpoint) in cases {
        assert_eq!(meant(text, platform).as_deref(), Some(*endpoint), "{text} on {platform:?}");
    }
}

#[test]
fn addresses_that_mean_the_same_on_every_system() {
    for platform in [Linux, Unix, Windows] {
        expect(
            platform,
            &[
                ("ABSTRACT-LISTEN:a", "@a"),
                ("abstract-connect:a,fork", "@a"),
                ("unix-abstract:a", "@a"),
                ("unix:@a", "@a"),
                (r"unix:\0a", "@a"),
                ("unix:abstract=a,guid=5", "@a"),
                ("abns@a", "@a"),
                (r"\0a", "@a"),
                ("npipe:////./pipe/a", "@a"),
                (r"npipe:\\.\pipe\a", "@a"),
                ("TCP:localhost:80", "tcp:localhost:80"),
                ("TCP-LISTEN:8080,fork", "tcp:localhost:8080"),
                ("tcp-listen:8080,reuseaddr,bind=0.0.0.0", "tcp:0.0.0.0:8080"),
                ("TCP4:a:80", "tcp:a:80"),
                ("TCP4-LISTEN:80", "tcp:127.0.0.1:80"),
                ("TCP6-LISTEN:80", "tcp:[::1]:80"),
                ("TCP6:[::1]:80", "tcp:[::1]:80"),
                ("TCP:localhost:http", "tcp:localhost:PORT"),
                ("TCP-LISTEN:a b", "tcp:HOST:PORT"),
                ("TCP:a b:80", "tcp:HOST:80"),
                ("TCP:", "tcp:localhost:PORT"),
                ("tcp://localhost:80", "tcp:localhost:80"),
                ("tcp://:80", "tcp:localhost:80"),
                ("ipv4@127.0.0.1:80", "tcp:127.0.0.1:80"),
                ("http://localhost/", "tcp:localhost:80"),
                ("http://user@localhost:8000/a:b", "tcp:localhost:8000"),
                ("https://[::1]", "tcp:[::1]:443"),
                ("localhost:80", "tcp:localhost:80"),
                ("example.com:80", "tcp:example.com:80"),
                ("127.0.0.1:80", "tcp:127.0.0.1:80"),
                ("[::1]:80", "tcp:[::1]:80"),
                (":80", "tcp:localhost:80"),
                ("*:80", "tcp:0.0.0.0:80"),
                ("80", "tcp:localhost:80"),
                ("127.0.0.1", "tcp:127.0.0.1:PORT"),
                ("::1", "tcp:[::1]:PORT"),
                ("[::1]", "tcp:[::1]:PORT"),
                ("LocalHost", "tcp:LocalHost:PORT"),
                ("EXEC:cat -n", "exec:cat -n"),
                ("EXEC:cat,pty,stderr", "exec:cat"),
                ("EXEC:", "exec:CMD"),
                ("EXEC:a | b", "exec:a '|' b"),
                ("PIPE", "exec:cat"),
                ("STDIO", "-"),
                ("stdio", "-"),
                ("StdIn", "-"),
                ("STDIO,raw", "-"),
                ("FD:0", "-"),
                ("FD:3", "fd:3"),
                ("fd3", "fd:3"),
                ("FD3", "fd:3"),
                ("fd://3", "fd:3"),
                ("fd@3", "fd:3"),
                ("ACCEPT-FD:3", "fd:3"),
                ("ACCEPT-FD:", "fd:N"),
                ("fd3,fork", "fd:3"),
                ("FS:a", "fs:a"),
                ("Assuan:C:/a,b", "assuan:C:/a,b"),
                ("ASSUAN:", "assuan:FILE"),
            ],
        );
    }
}

#[test]
fn paths_are_socket_files_where_there_are_any() {
    for platform in [Linux, Unix] {
        expect(
            platform,
            &[
                ("UNIX-CONNECT:b.sock", "./b.sock"),
                ("unix-listen:/run/a,fork,mode=660", "/run/a"),
                ("UNIX-CLIENT:~/a", "~/a"),
                ("UNIX:", "./FILE"),
                ("unix:q.sock", "./q.sock"),
                ("unix:/run/q.sock", "/run/q.sock"),
                ("unix:///run/q.sock", "/run/q.sock"),
                ("unix://q,r", "./q,r"),
                ("unix:path=/run/bus,guid=5", "/run/bus"),
                ("unix@/run/a", "/run/a"),
                ("local:a", "./a"),
                ("file:///run/a", "/run/a"),
                ("other:///run/a", "/run/a"),
                (r"\\.\pipe\a", "@a"),
                ("PTY,raw,link=./a,echo=0", "pty:./a"),
                ("PTY:,LINK=a", "pty:a"),
                ("pty", "pty:LINK"),
                ("exec:a | b,c", "exec:sh -c 'a | b,c'"),
                ("SYSTEM:a | b", "exec:sh -c 'a | b'"),
            ],
        );
    }
    expect(
        Windows,
        &[("UNIX-CONNECT:b.sock", "@b.sock"), ("unix:///run/q", "@q"), (r"unix:C:\run\a", "@a")],
    );
}

#[test]
fn what_lsock_does_not_have_is_left_to_socat() {
    for (text, missing, address) in [
        ("udp:localhost:53", "UDP", "UDP:localhost:53"),
        ("UDP4-LISTEN:53,fork", "UDP", "UDP4-LISTEN:53,fork"),
        ("udp://localhost:53", "UDP", "UDP:localhost:53"),
        ("vsock:3:80", "vsock", "VSOCK:3:80"),
        ("VSOCK-LISTEN:80", "vsock", "VSOCK-LISTEN:80"),
        ("OPENSSL:a:443", "TLS", "OPENSSL:a:443"),
        ("SSL:a:443", "TLS", "SSL:a:443"),
        ("UNIX-SENDTO:./a", "datagrams", "UNIX-SENDTO:./a"),
        ("SOCKS4A:a:b:80", "proxies", "SOCKS4A:a:b:80"),
    ] {
        match recognise(text, Linux).map(|address| address.meaning) {
            Some(Meaning::Absent { what, socat }) => {
                assert_eq!((what, &*socat), (missing, address), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn terminals_are_left_to_socat_on_windows() {
    let meaning = recognise("PTY,link=./a", Windows).map(|address| address.meaning);
    let socat = "PTY,link=./a".to_owned();
    assert_eq!(meaning, Some(Meaning::Absent { what: "pseudo-terminals", socat }));
}

#[test]
fn files_and_folders_of_users_get_advice() {
    for (text, advice) in [
        ("OPEN:/tmp/a,append", "`> /tmp/a`"),
        ("FILE:a", "`< a`"),
        ("PIPE:./fifo", "`< ./fifo`"),
        ("~/a.sock", "write ~/a.sock without quotes, or \"$HOME/a.sock\""),
        ("'~/a.sock'", "write ~/a.sock without quotes"),
        ("\"~/a b\"", "write ~/'a b' without quotes"),
        (r"\~/a", "write ~/a"),
        ("~user/a", "write ~user/a without quotes"),
        ("~user/a b", "write ~user/'a b' without quotes"),
        ("ssh://host", "tcp:HOST:PORT"),
    ] {
        match recognise(text, Linux).map(|address| address.meaning) {
            Some(Meaning::Advice { hint, .. }) => assert!(hint.contains(advice), "{text}: {hint}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_role_and_the_option_fork_are_found() {
    for (text, role, forks) in [
        ("UNIX-LISTEN:a,fork", ForeignRole::Listen, true),
        ("UNIX-LISTEN:a,mode=600,FORK", ForeignRole::Listen, true),
        ("UNIX-CONNECT:a", ForeignRole::Connect, false),
        ("UNIX-LISTEN:a,forkoff", ForeignRole::Listen, false),
        ("TCP-LISTEN:80", ForeignRole::Listen, false),
        ("unix:a", ForeignRole::Either, false),
        ("localhost:80", ForeignRole::Either, false),
    ] {
        let found = recognise(text, Linux).map(|address| (address.role, address.forks));
        assert_eq!(found, Some((role, forks)), "{text}");
    }
}

#[test]
fn names_and_endpoints_of_lsock_are_no_foreign_addresses() {
    for text in [
        "a",
        "a-b",
        "5s",
        "@a",
        "@tcp:a",
        "@tcp:80",
        "@a:80",
        "@UNIX:a",
        "@~",
        "./a",
        "./unix:a",
        "./~",
        "/run/a:80",
        "a/b:80",
        "tcp:localhost:80",
        "exec:a,b",
        "exec:a '|'",
        "[::1",
        "::1]",
        "[127.0.0.1]",
        "exec:",
        "fd:3",
        "pty:./a",
        "pty:a,raw",
        "fs:a",
        "fs:unix:a",
        "fs:~/a",
        "ns:a",
        "ns:80",
        "ns-hex:61",
        "fs-hex:2f61",
        "-",
        "",
        "tcp",
        "unix",
        "exec",
        "pipe",
        "echo",
        "fd",
        "udp",
        "vsock",
        "a:b",
        "a:b/c",
        "stdio-a",
        "fdisk",
        "//./pipe/a",
        "a,b",
        "example.com",
        "local",
        "file",
    ] {
        for platform in [Linux, Unix] {
            assert_eq!(recognise(text, platform), None, "{text}");
        }
    }
    assert_eq!(recognise(r"\\.\pipe\a", Windows), None);
}
