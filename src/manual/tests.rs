use super::{Page, block::Content, layout, roff, text};
use std::{env, process::Command};

const WIDTH: usize = 80;

/// Returns the words of a page as mandoc(1) prints it, without its header and footer.
fn words_of_mandoc(page: &str) -> Option<Vec<String>> {
    let path = format!("{}/man/{page}", env!("CARGO_MANIFEST_DIR"));
    // No word is broken in lines of this width.
    let printed = Command::new("mandoc").args(["-T", "utf8", "-O", "width=1000", &path]).output();
    let is_required = env::var_os("LSOCK_REQUIRE_PEERS").is_some_and(|value| value == "1");
    let printed = match printed {
        Ok(printed) => printed,
        Err(error) if is_required => panic!("mandoc: {error}"),
        Err(_) => return None,
    };
    assert!(printed.status.success(), "{page}: {printed:?}");
    let text = String::from_utf8(printed.stdout).unwrap();
    let mut shown = String::new();
    for c in text.chars() {
        // Bold and underlined characters are printed twice.
        if c == '\u{8}' {
            shown.pop();
        } else {
            shown.push(c);
        }
    }
    let lines: Vec<&str> = shown.trim().lines().collect();
    let [_header, lines @ .., _footer] = &lines[..] else { panic!("{page} is empty") };
    Some(words(&lines.join("\n")))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn file(page: Page) -> String {
    match page {
        Page::Names | Page::Pipes | Page::Trace | Page::Tour => format!("lsock-{}.7", page.word()),
        _ => format!("{}.1", page.word()),
    }
}

#[test]
fn every_page_has_the_words_that_mandoc_prints() {
    for page in Page::ALL {
        let Some(expected) = words_of_mandoc(&file(page)) else { return };
        let found = words(&text(page, WIDTH, false).unwrap());
        let differing = expected.iter().zip(&found).position(|(expected, found)| expected != found);
        let near = |words: &[String], at: usize| {
            words[at.saturating_sub(8)..words.len().min(at + 8)].join(" ")
        };
        if let Some(at) = differing {
            panic!("{page:?}:\n{}\nis not\n{}", near(&found, at), near(&expected, at));
        }
        assert_eq!(found.len(), expected.len(), "{page:?}");
    }
}

#[test]
fn every_file_of_the_manual_is_a_page() {
    let folder = format!("{}/man", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".1") || name.ends_with(".7"));
    names.sort();
    let mut pages: Vec<String> = Page::ALL.map(file).into();
    pages.sort();
    assert_eq!(pages, names);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [WIDTH, 100] {
        for page in Page::ALL {
            let mut blocks = roff::parse(page.source()).unwrap();
            // Examples are kept as they are.
            blocks.retain(|block| !matches!(block.content, Content::Literal(_)));
            for line in layout::text(&blocks, width, false).lines() {
                assert!(line.chars().count() <= width, "{page:?} with {width}: {line}");
                assert_eq!(line, line.trim_end());
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}

#[test]
fn colors_change_no_character() {
    for page in Page::ALL {
        let mut colored = text(page, WIDTH, true).unwrap();
        assert!(colored.contains("\x1b[1m"), "{page:?}");
        for code in ["\x1b[1m", "\x1b[4m", "\x1b[0m"] {
            colored = colored.replace(code, "");
        }
        assert_eq!(colored, text(page, WIDTH, false).unwrap());
    }
}

#[test]
fn what_is_unknown_is_an_error_with_its_line() {
    for (line, what) in [
        (".SX x", "`.SX x`"),
        (".PP 5", "`.PP 5`"),
        (".RE", "`.RE`"),
        (".SH", "`.SH`"),
        (r"\(em", r"`\(em`"),
        (r"\fC", r"`\fC`"),
        ("", "``"),
        ("'ft B", "`'ft B`"),
        (".TS\nc l.\na\tb\n.TE", "the format `c l.`"),
        (".TS\nl.\na\tb\n.TE", "2 cells for 1 columns"),
    ] {
        let error = roff::parse(&format!(".SH A\n{line}\n")).unwrap_err();
        assert_eq!(error, format!("line 2: {what}"));
    }
}

#[test]
fn blocks_are_laid_out() {
    const SOURCE: &str = r#".TH A 1
.SH NAME
a \- b
.SH TEXT
First \fBbold
and\fR more
.BR b (1),
that is filled.
.PP
Second
.br
line.
.SS Tags
.TP
.BI x: "Y Z"
Meaning.
.IP
More.
.RS
.TP
\fBvalue\fR
Its meaning.
.RE
.IP \(bu 2
one, with many words that do not fit
.IP \(bu 2
two
.EX
  kept  \(aqlines\(aq

end
.EE
after
.TS
l r.
	size
a\-b	10
.TE
"#;
    const EXPECTED: &str = "\
NAME
    a - b

TEXT
    First bold and more b(1), that is
    filled.

    Second
    line.

  Tags
    x:Y Z
        Meaning.

        More.

        value
            Its meaning.

    • one, with many words that do not
      fit

    • two
      kept  'lines'

    end
    after

          size
    a-b     10
";
    let found = layout::text(&roff::parse(SOURCE).unwrap(), 40, false);
    assert_eq!(found, EXPECTED, "\n{found}");
}
