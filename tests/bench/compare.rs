//! `--compare`: cases that have changed, that have not, and that cannot be compared.

use crate::harness::{Scene, becomes};
use serde_json::Value;
use std::fs;

/// Cases that take little time. The messages are few: on a busy machine each one over TCP can take
/// half a second under Wine.
const LATENCY: &str = "latency -q --over abstract,tcp --count 10 --warmup 1ms --in-process";
const THROUGHPUT: &str = "throughput -q --size 4K --over abstract --warmup 1ms --in-process";

/// Returns the verdicts that stdout shows below the table.
fn verdicts(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with("case ")).skip(1);
    let is_case = |line: &&str| line.contains(" over ") && !line.starts_with("only ");
    let verdicts = lines.take_while(is_case).map(|line| {
        let (case, rest) = line.split_once("  ").unwrap();
        // The columns are before, after, change and verdict.
        let (_, verdict) = rest.rsplit_once("  ").unwrap();
        format!("{case}: {verdict}")
    });
    verdicts.collect()
}

#[track_caller]
fn saved(scene: &Scene, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(scene.path(name)).unwrap()).unwrap()
}

/// Measures, saves to `old`, and changes the saved results.
#[track_caller]
fn save(scene: &Scene, line: &str, change: impl Fn(&mut Value)) {
    scene.plain_bench(&format!("{line} --save old")).run().silent();
    let mut old = saved(scene, "old");
    change(&mut old);
    fs::write(scene.path("old"), old.to_string()).unwrap();
}

/// Sets times that are shorter than any that is measured.
fn very_fast_times(results: &mut Value) {
    for row in results["rows"].as_array_mut().unwrap() {
        for run in row["runs"].as_array_mut().unwrap() {
            run["p50_nanoseconds"] = 1.into();
        }
    }
}

/// Sets the rates of bytes and messages.
fn rates(results: &mut Value, rate: f64) {
    for row in results["rows"].as_array_mut().unwrap() {
        for what in ["bytes_per_second", "messages_per_second"] {
            row[what] = serde_json::json!({ "median": rate, "min": rate, "max": rate });
        }
    }
}

#[test]
fn one_file_is_read_before_and_replaced_at_the_end() {
    let scene = Scene::new();
    let line = format!("{LATENCY} --repeat 3");
    save(&scene, &line, very_fast_times);
    let before = saved(&scene, "old");
    let line = format!("{line} --save old --compare old");
    let outcome = scene.plain_bench(&line).run().silent();
    let expected = ["latency 64 over abstract: slower", "latency 64 over tcp: slower"];
    assert_eq!(verdicts(outcome.stdout_text()), expected, "{}", outcome.report());
    let after = saved(&scene, "old");
    assert_ne!(before["rows"], after["rows"]);
    assert_eq!(scene.files(), ["old"]);
}

/// Results of earlier versions name the transports `fs` and `ns`.
#[test]
fn results_with_the_old_names_of_transports_are_compared() {
    let scene = Scene::new();
    let line = "connect -q --over file,abstract --count 50 --warmup 1ms --in-process --repeat 3";
    save(&scene, line, |results| {
        let rows = results["rows"].as_array_mut().unwrap();
        let names: Vec<&str> = rows.iter().filter_map(|row| row["over"].as_str()).collect();
        assert_eq!(names, ["file", "abstract"]);
        rows[0]["over"] = "fs".into();
        rows[1]["over"] = "ns".into();
        rates(results, 1.0);
    });
    let outcome = scene.plain_bench(&format!("{line} --compare old")).run().silent();
    let expected = ["connect 8 over file: faster", "connect 8 over abstract: faster"];
    assert_eq!(verdicts(outcome.stdout_text()), expected, "{}", outcome.report());
    assert!(!outcome.stdout_text().contains("only "), "{}", outcome.report());
}

/// Any verdict is possible, because the figures are noisy.
#[test]
fn every_case_has_a_verdict() {
    let scene = Scene::new();
    let line = format!("{LATENCY} --size 64,1K --api sync,tokio --repeat 3");
    save(&scene, &line, |_| ());
    let outcome = scene.plain_bench(&format!("{line} --compare old")).run().silent();
    let mut cases = Vec::new();
    for over in ["abstract", "tcp"] {
        for details in ["", " (tokio)"] {
            cases.extend(["64", "1K"].map(|size| format!("latency {size} over {over}{details}")));
        }
    }
    let verdicts = verdicts(outcome.stdout_text());
    assert_eq!(verdicts.len(), cases.len(), "{}", outcome.report());
    for (case, verdict) in cases.iter().zip(&verdicts) {
        let words = ["faster", "slower", "within noise"].map(|word| format!("{case}: {word}"));
        assert!(words.contains(verdict), "{verdict}\n{}", outcome.report());
    }
    assert!(outcome.stdout_text().starts_with("lsock "), "no table\n{}", outcome.report());
    assert!(!outcome.stdout_text().contains("different: "), "{}", outcome.report());
}

#[test]
fn a_slower_case_fails() {
    let scene = Scene::new();
    let line = LATENCY.replace("abstract,tcp", "abstract") + " --repeat 3";
    save(&scene, &line, very_fast_times);
    // Without `--fail-over` the status is 0.
    let outcome = scene.plain_bench(&format!("{line} --compare old")).run().silent();
    assert_eq!(verdicts(outcome.stdout_text()), ["latency 64 over abstract: slower"]);
    for limit in ["0", "20", "99.5", "1000"] {
        let outputs = "--json a.json --csv a.csv --markdown a.md --plot a.svg";
        let line = format!("{line} --compare old --fail-over {limit} {outputs}");
        let outcome = scene.plain_bench(&line).run();
        let message =
            format!("latency 64 over abstract is slower than before by more than {limit} %");
        let outcome = outcome.fails(1).says(&message);
        assert_eq!(verdicts(outcome.stdout_text()), ["latency 64 over abstract: slower"]);
        assert_eq!(scene.files(), ["a.csv", "a.json", "a.md", "a.svg", "old"]);
        for name in ["a.csv", "a.json", "a.md", "a.svg"] {
            fs::remove_file(scene.path(name)).unwrap();
        }
    }
}

#[test]
fn all_slower_cases_are_named() {
    let scene = Scene::new();
    let line = format!("{LATENCY} --repeat 3");
    save(&scene, &line, very_fast_times);
    let line = format!("{line} --compare old --fail-over 20 --json -");
    let outcome = scene.plain_bench(&line).run().code(1);
    let message = "lsock: 2 cases are slower than before by more than 20 %: \
                   latency 64 over abstract, latency 64 over tcp";
    let (comparison, error) = outcome.stderr.split_once(message).expect(message);
    assert_eq!(verdicts(comparison).len(), 2, "{}", outcome.report());
    assert!(error.trim_end().lines().count() <= 2, "{}", outcome.report());
    let _: Value = serde_json::from_slice(&outcome.stdout).expect("the report");
}

#[test]
fn a_faster_case_does_not_fail() {
    let scene = Scene::new();
    for line in [
        THROUGHPUT,
        "connect -q --over abstract --warmup 1ms --in-process",
        "fan-in -q --over abstract --clients 2 --warmup 1ms --in-process",
    ] {
        let line = format!("{line} --count 100 --repeat 3");
        save(&scene, &line, |old| rates(old, 1.0));
        let bench = scene.plain_bench(&line).args(["--compare", "old", "--fail-over", "0"]);
        let outcome = bench.run().silent();
        let verdicts = verdicts(outcome.stdout_text());
        let is_faster = verdicts.len() == 1 && verdicts[0].ends_with(": faster");
        assert!(is_faster, "{}", outcome.report());
    }
}

/// A rate cannot fall by more than 100 %, so runs with a greater spread are noise.
#[test]
fn a_lower_rate_is_slower() {
    let scene = Scene::new();
    // Many, so that the runs are close to each other. Wine needs some milliseconds for each message.
    let count = if cfg!(windows) { 2000 } else { 20_000 };
    let line = format!("{THROUGHPUT} --count {count} --repeat 3");
    save(&scene, &line, |old| rates(old, 1e15));
    let is_slower = becomes(|| {
        let outcome = scene.plain_bench(&format!("{line} --compare old --fail-over 20")).run();
        let seen = verdicts(outcome.stdout_text());
        let is_slower = seen == ["throughput 4K over abstract: slower"];
        assert!(is_slower || seen == ["throughput 4K over abstract: within noise"], "{seen:?}");
        outcome.code(i32::from(is_slower));
        is_slower
    });
    assert!(is_slower, "the runs are far apart each time");
}

#[test]
fn a_single_run_on_either_side_is_unclear() {
    let scene = Scene::new();
    let line = LATENCY.replace("abstract,tcp", "abstract");
    for (before, after) in [(1, 1), (1, 3), (3, 1)] {
        save(&scene, &format!("{line} --repeat {before}"), very_fast_times);
        let line = format!("{line} --repeat {after} --compare old --fail-over 0");
        let outcome = scene.plain_bench(&line).run().silent();
        let expected = ["latency 64 over abstract: unclear: measured once"];
        assert_eq!(verdicts(outcome.stdout_text()), expected, "{}", outcome.report());
    }
}

#[test]
fn differences_are_printed() {
    let scene = Scene::new();
    let line = |over: &str, count: u64| {
        let line = format!("latency -q --over {over} --warmup 1ms --repeat 2 --in-process");
        format!("{line} --count {count}")
    };
    save(&scene, &line("abstract,tcp", 50), |old| {
        old["environment"]["kernel"] = "Example 1.0".into();
    });
    let bench = format!("{} --size 64,128 --compare old", line("abstract", 60));
    let outcome = scene.plain_bench(&bench).run().silent();
    for part in [
        "only before: latency 64 over tcp\n",
        "only now: latency 128 over abstract\n",
        "different: kernel (Example 1.0 before, ",
        "different: amount of a run (50 messages or connections before, 60 ",
    ] {
        assert!(outcome.stdout_text().contains(part), "no `{part}`\n{}", outcome.report());
    }
    assert_eq!(verdicts(outcome.stdout_text()).len(), 1, "{}", outcome.report());
}

#[test]
fn beside_a_report_on_stdout_the_comparison_goes_to_stderr() {
    let scene = Scene::new();
    let line = format!("{LATENCY} --repeat 3");
    save(&scene, &line, very_fast_times);
    for form in ["--csv", "--json", "--markdown"] {
        let line = format!("{line} --compare old {form} -");
        let outcome = scene.plain_bench(&line).run().ok();
        let slower = ["latency 64 over abstract: slower", "latency 64 over tcp: slower"];
        assert_eq!(verdicts(&outcome.stderr), slower, "{}", outcome.report());
        assert!(verdicts(outcome.stdout_text()).is_empty(), "{}", outcome.report());
    }
    let outcome = scene.plain_bench(&format!("{line} --compare old --csv - --log-format json"));
    let outcome = outcome.run().ok();
    for line in outcome.stderr.lines() {
        let object: Value = serde_json::from_str(line).expect(line);
        assert!(object["message"].is_string(), "{line}");
    }
}

/// Fails before connecting: the server does not exist, which would be another error.
#[track_caller]
fn refused(scene: &Scene, name: &str, code: i32, parts: &[&str]) {
    let line = format!("latency --to {} --compare {name} --save new", scene.word());
    let outcome = scene.plain_bench(&line).run().fails(code).output("");
    parts.iter().fold(outcome, |outcome, part| outcome.says(part));
    assert!(!scene.path("new").exists());
}

#[test]
fn unsuitable_results_fail_before_anything_is_measured() {
    let scene = Scene::new();
    save(&scene, &LATENCY.replace("abstract,tcp", "tcp"), |_| ());
    refused(&scene, "old", 2, &["old contains none of these cases", "hint: "]);
    let scene_of_times = Scene::new();
    save(&scene_of_times, LATENCY, |results| {
        for row in results["rows"].as_array_mut().unwrap() {
            for run in row["runs"].as_array_mut().unwrap() {
                run["p50_nanoseconds"] = Value::Null;
            }
        }
    });
    refused(&scene_of_times, "old", 2, &["old contains none of these cases"]);
    refused(&scene, "absent", 1, &["cannot compare with absent: "]);
    refused(&scene, ".", 1, &["cannot compare with .: "]);
    let mut other = saved(&scene, "old");
    other["schema"] = 2.into();
    let mut damaged = saved(&scene, "old");
    damaged["rows"][0]["clients"] = "many".into();
    let (other, damaged) = (other.to_string(), damaged.to_string());
    let files: [(&[u8], &str); 6] = [
        (b"no JSON at all", "this is not JSON"),
        (b"", "this is not JSON"),
        (b"\xff\xfe\0", "cannot compare with bad: "),
        (b"{}", "this is not a result of lsock bench"),
        (other.as_bytes(), "another version of lsock (schema 2 instead of 1)"),
        (damaged.as_bytes(), "this result of lsock bench is damaged"),
    ];
    for (bytes, part) in files {
        fs::write(scene.path("bad"), bytes).unwrap();
        refused(&scene, "bad", 1, &["cannot compare with bad: ", part]);
        assert_eq!(fs::read(scene.path("bad")).unwrap(), bytes);
    }
}
