use super::*;
use crate::bench::fixture::everything;
use tempfile::tempdir;

fn message(result: Result<impl Sized, Failure>) -> String {
    match result {
        Ok(_) => panic!("it should fail"),
        Err(failure) => failure.to_string(),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn a_new_file_exists_only_after_writing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("new");
    let output = ReportOutput::open(&path).unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
    output.write("text").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "text");
    assert_eq!(names(folder.path()), ["new"]);
}

#[test]
fn an_old_file_stays_until_it_is_replaced() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("old");
    fs::write(&path, "old text, which is longer").unwrap();
    drop(ReportOutput::open(&path).unwrap());
    let output = ReportOutput::open(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old text, which is longer");
    output.write("new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(names(folder.path()), ["old"]);
}

#[test]
fn errors_name_the_file_as_it_was_typed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("none/file");
    let text = message(ReportOutput::open(&path));
    assert!(text.starts_with(&format!("cannot write to {}: ", path.display())), "{text}");
    assert!(!text.contains(".lsock-bench-"), "{text}");
    let text = message(ReportOutput::open(folder.path()));
    assert_eq!(text, format!("cannot write to {}: is a directory", folder.path().display()));
}

#[test]
fn a_removed_folder_is_an_error_at_the_end() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("inner/file");
    fs::create_dir(folder.path().join("inner")).unwrap();
    let output = ReportOutput::open(&path).unwrap();
    fs::remove_dir(folder.path().join("inner")).unwrap();
    let text = message(output.write("text"));
    assert!(text.starts_with(&format!("cannot write to {}: ", path.display())), "{text}");
}

#[test]
fn a_dash_is_stdout() {
    assert!(ReportOutput::open(Path::new("-")).unwrap().is_stdout());
    assert!(!ReportOutput::open(Path::new("./-")).unwrap().is_stdout());
}

#[test]
fn all_reports_are_written() {
    let folder = tempdir().unwrap();
    let files = [
        (ReportFormat::Json, "a.json"),
        (ReportFormat::Csv, "a.csv"),
        (ReportFormat::Markdown, "a.md"),
        (ReportFormat::Plot, "a.svg"),
    ];
    let paths = files.map(|(format, file)| (format, folder.path().join(file)));
    let outputs = ReportOutputs::open(paths.iter().map(|(format, path)| (*format, path.as_path())));
    let outputs = outputs.unwrap();
    assert!(!outputs.use_stdout());
    outputs.write(&everything()).unwrap();
    let begins =
        |(_, path): &(ReportFormat, PathBuf)| fs::read_to_string(path).unwrap()[..9].to_owned();
    assert_eq!(
        paths.each_ref().map(begins),
        ["{\n  \"form", "workload,", "`lsock be", "<svg widt"]
    );
}

#[test]
fn an_error_does_not_prevent_other_reports() {
    let folder = tempdir().unwrap();
    let (inner, good) = (folder.path().join("inner"), folder.path().join("good"));
    fs::create_dir(&inner).unwrap();
    let bad = inner.join("bad");
    let outputs = ReportOutputs::open([
        (ReportFormat::Json, bad.as_path()),
        (ReportFormat::Csv, good.as_path()),
    ]);
    let outputs = outputs.unwrap();
    fs::remove_dir(&inner).unwrap();
    let error = outputs.write(&everything()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot write to {}: ", bad.display())));
    assert!(good.exists());
}

#[test]
fn two_reports_cannot_have_one_file() {
    let text = message(ReportOutputs::open(
        [ReportFormat::Csv, ReportFormat::Json].map(|format| (format, Path::new("-"))),
    ));
    assert_eq!(text, "two reports cannot both go to -");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::{
        io::Read as _,
        os::unix::fs::{PermissionsExt as _, symlink},
        process::Command,
        thread,
    };

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_new_file_has_the_permissions_of_every_new_file() {
        let folder = tempdir().unwrap();
        let (path, other) = (folder.path().join("new"), folder.path().join("other"));
        ReportOutput::open(&path).unwrap().write("").unwrap();
        fs::write(&other, "").unwrap();
        assert_eq!(mode(&path), mode(&other));
    }

    /// On Windows an open file cannot be replaced.
    #[test]
    fn a_reader_of_the_old_file_is_not_disturbed() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("old");
        fs::write(&path, "old").unwrap();
        let mut reader = File::open(&path).unwrap();
        ReportOutput::open(&path).unwrap().write("new").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "old");
    }

    #[test]
    fn an_old_file_keeps_its_permissions() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("old");
        fs::write(&path, "").unwrap();
        for wanted in [0o600, 0o640, 0o666, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).unwrap();
            ReportOutput::open(&path).unwrap().write("").unwrap();
            assert_eq!(mode(&path), wanted);
        }
    }

    #[test]
    fn symbolic_links_are_followed_and_stay() {
        let folder = tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        let (link, second) = (folder.path().join("link"), folder.path().join("second"));
        symlink("inner/file", &link).unwrap();
        symlink(&link, &second).unwrap();
        // At first the target of the link does not exist, then it does.
        for text in ["one", "two"] {
            ReportOutput::open(&second).unwrap().write(text).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert!(fs::symlink_metadata(&second).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(folder.path().join("inner/file")).unwrap(), text);
        }
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        symlink(&a, &b).unwrap();
        symlink(&b, &a).unwrap();
        assert!(message(ReportOutput::open(&a)).starts_with("cannot write to "));
    }

    #[test]
    fn a_fifo_is_written_to() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = thread::spawn({
            let path = path.clone();
            move || fs::read_to_string(path).unwrap()
        });
        ReportOutput::open(&path).unwrap().write("text").unwrap();
        assert_eq!(reader.join().unwrap(), "text");
        assert_eq!(names(folder.path()), ["fifo"]);
    }

    #[test]
    fn a_device_is_written_to() {
        ReportOutput::open(Path::new("/dev/null")).unwrap().write("text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_an_error() {
        let output = ReportOutput::open(Path::new("/dev/full")).unwrap();
        assert_eq!(
            message(output.write("text")),
            "cannot write to /dev/full: no space left on device"
        );
    }

    /// `/dev/stdout` is such a name: replacing the file would not reach the open descriptor.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_by_its_descriptor_is_written_to_and_not_replaced() {
        use std::{io::Seek as _, os::fd::AsRawFd as _};
        let folder = tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "one ").unwrap();
        let mut open = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let link = folder.path().join("link");
        let name = format!("/proc/self/fd/{}", open.as_raw_fd());
        symlink(&name, &link).unwrap();
        ReportOutput::open(Path::new(&name)).unwrap().write("two ").unwrap();
        ReportOutput::open(&link).unwrap().write("three").unwrap();
        let mut text = String::new();
        open.rewind().unwrap();
        open.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two three");
    }

    /// Permissions do not limit root, for whom nothing is tested.
    #[test]
    fn missing_permission_is_an_error() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("old");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        let expected = format!("cannot write to {}: permission denied", path.display());
        if !rustix::process::geteuid().is_root() {
            assert_eq!(message(ReportOutput::open(&path)), expected);
            fs::remove_file(&path).unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
            assert_eq!(message(ReportOutput::open(&path)), expected);
        }
    }
}
