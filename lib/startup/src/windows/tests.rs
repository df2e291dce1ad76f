use super::{
    half_close::HalfClose,
    handle_kind::HandleKind,
    stream_io::StreamIo,
    synchronous_pipe::{has_data, is_synchronous},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::windows::{
        fs::OpenOptionsExt,
        io::{AsHandle, AsRawHandle},
    },
    ptr,
};
use windows_sys::Win32::{
    Foundation::INVALID_HANDLE_VALUE, Storage::FileSystem::FILE_FLAG_OVERLAPPED,
};

#[test]
fn a_pipe_has_data_until_it_is_read_and_when_it_has_ended() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    assert!(!has_data(reader.as_handle()));
    writer.write_all(b"data").unwrap();
    assert!(has_data(reader.as_handle()));
    reader.read_exact(&mut [0; 3]).unwrap();
    assert!(has_data(reader.as_handle()));
    reader.read_exact(&mut [0; 1]).unwrap();
    assert!(!has_data(reader.as_handle()));
    drop(writer);
    assert!(has_data(reader.as_handle()));
}

#[test]
fn handles_are_synchronous_unless_they_are_overlapped() {
    let (reader, writer) = io::pipe().unwrap();
    assert!(is_synchronous(reader.as_handle()) && is_synchronous(writer.as_handle()));
    let mut options = OpenOptions::new();
    let null = options.read(true).custom_flags(FILE_FLAG_OVERLAPPED).open("NUL").unwrap();
    assert!(!is_synchronous(null.as_handle()));
}

#[test]
fn a_handle_that_is_no_file_is_none() {
    let not_open = ptr::without_provenance_mut(0x7f_fffc);
    for missing in [ptr::null_mut(), INVALID_HANDLE_VALUE, not_open] {
        assert_eq!(HandleKind::of(missing), None, "{missing:?}");
    }
}

#[test]
fn files_and_pipes_are_read_in_their_own_ways() {
    let (reader, writer) = io::pipe().unwrap();
    let path = std::env::temp_dir().join(format!("lsock-kind-{}", std::process::id()));
    let file = File::create(&path).unwrap();
    let null = OpenOptions::new().write(true).open("NUL").unwrap();
    assert_eq!(HandleKind::of(reader.as_raw_handle()), Some(HandleKind::Stream));
    assert_eq!(HandleKind::of(writer.as_raw_handle()), Some(HandleKind::Stream));
    assert_eq!(HandleKind::of(null.as_raw_handle()), Some(HandleKind::Stream));
    assert_eq!(HandleKind::of(file.as_raw_handle()), Some(HandleKind::File));
    drop(file);
    fs::remove_file(path).unwrap();
}

#[test]
fn a_pipe_in_one_direction_ends_when_it_is_closed() {
    let (reader, writer) = io::pipe().unwrap();
    assert_eq!(HalfClose::of(reader.as_handle(), HandleKind::Stream), None);
    assert_eq!(HalfClose::of(writer.as_handle(), HandleKind::Stream), None);
    drop(writer);
    let error = StreamIo::new(reader.into()).unwrap().read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn the_null_device_is_an_empty_input_and_takes_everything() {
    let null = OpenOptions::new().read(true).write(true).open("NUL").unwrap();
    let mut io = StreamIo::new(null.into()).unwrap();
    assert_eq!(io.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(io.write(b"data").unwrap(), 4);
}
