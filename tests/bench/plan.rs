//! `--explain` prints the plan and opens nothing.

use crate::harness::Scene;

/// Returns the planned cases and the remaining text.
#[track_caller]
fn explain(scene: &Scene, line: &str) -> (Vec<String>, String) {
    let args = ["--explain"].into_iter().chain(line.split_whitespace());
    let outcome = scene.bench(args).run().silent();
    assert_eq!(scene.files(), [""; 0], "{}", outcome.report());
    let text = String::from_utf8(outcome.stdout).unwrap();
    let (cases, rest) = text.split_once("\nserver ").expect("where the server is");
    let cases =
        cases.lines().map(|line| line.trim_start_matches("measure").trim_start().to_owned());
    (cases.collect(), format!("server {rest}"))
}

#[test]
fn the_tour_has_all_transports_of_the_system() {
    let scene = Scene::new();
    let (cases, rest) = explain(&scene, "");
    let all: &[&str] = if cfg!(windows) {
        &["abstract", "pipe", "tcp"]
    } else {
        &["file", "abstract", "pipe", "socketpair", "tcp"]
    };
    let mut expected = Vec::new();
    for kind in ["throughput 64K", "latency 64", "connect 8"] {
        for over in all {
            if !kind.starts_with("connect") || !["pipe", "socketpair"].contains(over) {
                expected.push(format!("{kind} over {over}"));
            }
        }
    }
    assert_eq!(cases, expected);
    for part in ["a separate process", "3 of each", "each         200ms", "warm-up      50ms"] {
        assert!(rest.contains(part), "no `{part}` in\n{rest}");
    }
}

#[test]
fn lists_are_combined_in_order() {
    let scene = Scene::new();
    let line = "throughput --size 64,4K --over file,tcp --api sync,tokio --clients 1,2";
    let (cases, _) = explain(&scene, line);
    let mut expected = Vec::new();
    for over in ["file", "tcp"] {
        for details in ["", " (2 clients)", " (tokio)", " (tokio, 2 clients)"] {
            for size in ["64", "4K"] {
                expected.push(format!("throughput {size} over {over}{details}"));
            }
        }
    }
    assert_eq!(cases, expected);
}

/// Earlier versions had other names for two transports.
#[test]
fn the_old_names_of_transports_are_accepted() {
    let scene = Scene::new();
    let (cases, _) = explain(&scene, "latency --over ns,fs");
    assert_eq!(cases, ["latency 64 over abstract", "latency 64 over file"]);
}

#[test]
fn options_have_defaults() {
    let scene = Scene::new();
    let usual: &[(&str, &[&str])] = &[
        (
            "throughput",
            &[
                "throughput 64 over abstract",
                "throughput 4K over abstract",
                "throughput 64K over abstract",
                "throughput 1M over abstract",
            ],
        ),
        ("latency", &["latency 64 over abstract"]),
        ("connect", &["connect 8 over abstract"]),
        ("fan-in", &["fan-in 64 over abstract (16 clients)"]),
        ("latency --rate 500", &["latency 64 over abstract (500/s)"]),
        ("throughput --both-ways --size 1M", &["throughput 1M over abstract (both ways)"]),
    ];
    for (line, expected) in usual {
        assert_eq!(explain(&scene, line).0, *expected, "{line}");
    }
}

#[test]
fn the_plan_contains_server_runs_and_amount() {
    let scene = Scene::new();
    let word = scene.word().to_owned();
    let cases: &[(&str, &[&str])] = &[
        ("latency", &["a separate process", "3 of each", "each         1s", "100ms"]),
        ("latency --in-process --repeat 7", &["threads of the same process", "7 of each"]),
        ("latency --count 9 --warmup 3ms", &["9 messages or connections", "warm-up      3ms"]),
        ("throughput --bytes 1K", &["1024 bytes"]),
        (&format!("latency --to {word}"), &[&word, "an external one", "which echoes"]),
        (&format!("throughput --to {word}"), &[&word, "which discards"]),
        ("throughput --to tcp:127.0.0.1:1 --expect echo", &["tcp:127.0.0.1:1", "which echoes"]),
        (&format!("throughput --at {word}"), &["this process", &word, "discards", "1 of each"]),
        (&format!("latency --at {word}"), &["this process", &word, "echoes", "what clients send"]),
    ];
    for (line, parts) in cases {
        let (_, rest) = explain(&scene, line);
        for part in *parts {
            assert!(rest.contains(part), "{line}: no `{part}` in\n{rest}");
        }
    }
}

/// The transport of an external server follows from its name.
#[cfg(target_os = "linux")]
#[test]
fn the_transport_follows_from_the_name() {
    let scene = Scene::new();
    let names = [
        ("./bench", "file"),
        ("bench", "abstract"),
        ("@bench", "abstract"),
        ("tcp:[::1]:1", "tcp"),
    ];
    for (name, over) in names {
        let (cases, _) = explain(&scene, &format!("latency --to {name}"));
        assert_eq!(cases, [format!("latency 64 over {over}")], "{name}");
    }
}
