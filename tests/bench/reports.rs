//! Destinations and formats of reports: a table for people, files for programs.

use crate::harness::Scene;
use serde_json::Value;
use std::{fs, io};

/// Four short cases, with a warning.
const LINE: &str =
    "latency --size 64,1K --over abstract,tcp --count 20 --warmup 1ms --repeat 2 --in-process";
const CASES: usize = 4;
const WARNING: &str = "40 times are too few for the tail";
const ADVICE: &str = "use a longer --duration";

type Check = fn(&str) -> bool;

/// Formats that can go to stdout, with their checks.
const FORMS: [(&str, Check); 4] =
    [("--json", is_json), ("--csv", is_csv), ("--markdown", is_markdown), ("--save", is_json)];

fn is_json(text: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(text).ok();
    value.is_some_and(|value| value["rows"].as_array().is_some_and(|rows| rows.len() == CASES))
}

/// A header, and one line per case with the same number of fields.
fn is_csv(text: &str) -> bool {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let has_header = reader.headers().is_ok_and(|names| &names[0] == "workload");
    let lines: Vec<_> = reader.records().collect();
    has_header && lines.len() == CASES && lines.iter().all(Result::is_ok)
}

fn is_markdown(text: &str) -> bool {
    let has_all = ["\n**latency: ", "\n| over | ", "\n| abstract | ", "\n| tcp | "]
        .iter()
        .all(|part| text.contains(part));
    text.starts_with("`lsock bench ") && has_all
}

fn is_svg(text: &str) -> bool {
    text.starts_with("<svg") && text.trim_end().ends_with("</svg>") && text.contains("Latency of")
}

/// The table without colours and bars.
fn is_table(text: &str) -> bool {
    let rows = |over: &str| text.lines().filter(|line| line.trim_start().starts_with(over)).count();
    let are_figures = |line: &str| line.split_whitespace().skip(2).all(|it| it.starts_with(digit));
    let figures =
        text.lines().filter(|line| line.starts_with("  abstract ") || line.starts_with("  tcp "));
    text.starts_with("lsock ")
        && text.contains("\nlatency: times in ")
        && [("over ", 1), ("abstract ", 2), ("tcp ", 2)]
            .iter()
            .all(|(over, count)| rows(over) == *count)
        && ["size", "p50", "max", "spread"].iter().all(|title| text.contains(title))
        && figures.into_iter().all(are_figures)
        && !text.contains(['\x1b', '█', '▏', '▎', '▍', '▌', '▋', '▊', '▉'])
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[track_caller]
fn file(scene: &Scene, name: &str) -> String {
    fs::read_to_string(scene.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn stdout_gets_a_table() {
    let scene = Scene::new();
    let outcome = scene.plain_bench(LINE).run().ok();
    assert!(is_table(outcome.stdout_text()), "{}", outcome.report());
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn the_table_has_colours_on_request() {
    let scene = Scene::new();
    let outcome = scene.plain_bench(LINE).args(["--color", "always"]).run().ok();
    let mut text = outcome.stdout_text().to_owned();
    assert!(text.contains("\x1b[1mlatency: "), "{}", outcome.report());
    for code in ["0", "1", "31", "32", "33"] {
        text = text.replace(&format!("\x1b[{code}m"), "");
    }
    assert!(is_table(&text), "something else than colours\n{}", outcome.report());
    let outcome = scene.plain_bench(LINE).args(["--color", "never"]).run().ok();
    assert!(is_table(outcome.stdout_text()), "{}", outcome.report());
}

#[test]
fn all_report_files_and_the_table() {
    let scene = Scene::new();
    let outputs = "--json a.json --csv a.csv --markdown a.md --plot a.svg --save b.json";
    let outcome = scene.plain_bench(LINE).args(outputs.split(' ')).run().ok();
    assert!(is_table(outcome.stdout_text()), "{}", outcome.report());
    assert_eq!(scene.files(), ["a.csv", "a.json", "a.md", "a.svg", "b.json"]);
    let all: [(&str, Check); 4] =
        [("a.json", is_json), ("a.csv", is_csv), ("a.md", is_markdown), ("a.svg", is_svg)];
    for (name, is_so) in all {
        let text = file(&scene, name);
        assert!(is_so(&text), "{name}:\n{text}\n{}", outcome.report());
    }
    assert_eq!(file(&scene, "a.json"), file(&scene, "b.json"), "--save is --json");
}

#[test]
fn a_report_to_stdout_replaces_the_table() {
    let scene = Scene::new();
    for (option, is_so) in FORMS {
        let bench = scene.plain_bench(LINE).args([option, "-", "--plot", "a.svg"]);
        let outcome = bench.run().ok();
        assert!(is_so(outcome.stdout_text()), "{option}\n{}", outcome.report());
        assert!(is_svg(&file(&scene, "a.svg")), "{option}");
    }
}

#[test]
fn every_report_contains_the_environment() {
    let scene = Scene::new();
    let outputs = "--json a.json --csv a.csv --markdown a.md --plot a.svg";
    let outcome = scene.plain_bench(LINE).args(outputs.split(' ')).run().ok();
    let json: Value = serde_json::from_str(&file(&scene, "a.json")).unwrap();
    let environment = &json["environment"];
    let typed: Vec<&str> = LINE.split(' ').chain(outputs.split(' ')).collect();
    assert_eq!(environment["options"], serde_json::json!(typed));
    assert_eq!(environment["lsock"], env!("CARGO_PKG_VERSION"));
    let mut parts = vec![format!("lsock {}", env!("CARGO_PKG_VERSION"))];
    if cfg!(target_os = "linux") {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let kernel = environment["kernel"].as_str().unwrap_or_default();
        assert!(kernel.contains(release.trim()), "{environment}");
        parts.push(release.trim().to_owned());
    }
    // Markdown escapes some characters.
    let markdown = file(&scene, "a.md").replace('\\', "");
    for text in [outcome.stdout_text(), &markdown, &file(&scene, "a.svg")] {
        for part in &parts {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
    }
    assert!(markdown.contains(&typed.join(" ")), "{markdown}");
    let csv = file(&scene, "a.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    let column = |name| names.iter().position(|it| it == name).expect(name);
    for line in reader.records().map(Result::unwrap) {
        assert_eq!(&line[column("lsock")], env!("CARGO_PKG_VERSION"));
        assert_eq!(&line[column("kernel")], environment["kernel"].as_str().unwrap_or_default());
        assert_eq!(line[column("options")], typed.join(" "));
    }
}

#[test]
fn warnings_contain_advice_and_go_to_stderr() {
    let scene = Scene::new();
    for form in [&[][..], &["--csv", "-"], &["--json", "-"]] {
        let loud = scene.plain_bench(LINE).args(form).run().ok();
        let warned = |line: &str| line.contains("latency ") && line.contains(WARNING);
        let warnings: Vec<&str> = loud.stderr.lines().filter(|line| warned(line)).collect();
        let is_fine = matches!(warnings[..], [line] if line.contains(ADVICE))
            && loud.stderr.lines().all(|line| line.starts_with("lsock: warning: "));
        assert!(is_fine, "{form:?}\n{}", loud.report());
        let quiet = scene.plain_bench(LINE).arg("-q").args(form).run().silent();
        // JSON contains warnings, even with `-q`.
        let in_json = form.first() == Some(&"--json");
        for outcome in [loud, quiet] {
            let has = outcome.stdout_text().contains("few-times");
            let told = outcome.stdout_text().contains(WARNING);
            assert!(has == in_json && !told, "{form:?}\n{}", outcome.report());
        }
    }
    scene.plain_bench(LINE).args(["-q", "--markdown", "a.md"]).run().silent();
    let markdown = file(&scene, "a.md");
    assert!(markdown.contains(WARNING) && markdown.contains(ADVICE), "{markdown}");
}

/// Like `| head -n 1`, which may close early or late.
#[test]
fn a_closed_pipe_is_not_an_error() {
    let scene = Scene::new();
    for form in ["", "--json -", "--csv -", "--markdown -"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let bench = scene.plain_bench(LINE).args(form.split_whitespace());
        bench.args(["-q", "--plot", "a.svg"]).stdout(writer).run().silent();
        assert!(is_svg(&file(&scene, "a.svg")), "{form}");
        fs::remove_file(scene.path("a.svg")).unwrap();
    }
}
