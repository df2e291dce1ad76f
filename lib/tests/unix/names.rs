//! Types of names on Unix.

use crate::harness::assert_kind;
use local_socket::{
    GenericFilePath, GenericNamespaced, Name, NameType as _, Platform, ToFsName as _,
    ToNsName as _,
    os::unix::{FilesystemUdSocket, NameExt as _, SpecialDirUdSocket},
    traits::Stream as _,
};
use proptest::prelude::*;
use std::{
    borrow::Cow,
    ffi::{CStr, CString, OsString},
    io::ErrorKind,
    os::unix::ffi::OsStringExt as _,
    path::Path,
};

#[test]
fn names_are_made_of_c_strings() {
    let text = c"/run/a.sock";
    let expected = "/run/a.sock".to_fs_name::<GenericFilePath>().unwrap();
    for name in [
        text.to_fs_name::<GenericFilePath>(),
        CString::from(text).to_fs_name::<GenericFilePath>(),
        Cow::Borrowed(text).to_fs_name::<GenericFilePath>(),
        Cow::<CStr>::Owned(text.into()).to_fs_name::<GenericFilePath>(),
        text.to_fs_name::<FilesystemUdSocket>(),
    ] {
        assert_eq!(name.unwrap(), expected);
    }
    let expected = "word".to_ns_name::<GenericNamespaced>().unwrap();
    for name in [
        c"word".to_ns_name::<GenericNamespaced>(),
        c"word".to_owned().to_ns_name::<GenericNamespaced>(),
        Cow::Borrowed(c"word").to_ns_name::<GenericNamespaced>(),
        Cow::<CStr>::Owned(c"word".into()).to_ns_name::<GenericNamespaced>(),
    ] {
        assert_eq!(name.unwrap(), expected);
    }
    let expected = "word".to_ns_name::<SpecialDirUdSocket>().unwrap();
    assert_eq!(c"word".to_owned().to_ns_name::<SpecialDirUdSocket>().unwrap(), expected);
    assert_kind(c"".to_fs_name::<GenericFilePath>(), &[ErrorKind::InvalidInput]);
}

#[test]
fn names_of_the_runtime_folder_are_checked_as_well() {
    assert!(FilesystemUdSocket::is_supported() && SpecialDirUdSocket::is_supported());
    let name = "a word".to_ns_name::<SpecialDirUdSocket>().unwrap();
    assert!(name.is_namespaced() && !name.is_path());
    assert_eq!(name.kind_text(), "socket file");
    assert_eq!(name.as_bytes(), b"a word");
    for text in ["", "a\0b", &"a".repeat(200), &"a".repeat(107)] {
        assert_kind(text.to_ns_name::<SpecialDirUdSocket>(), &[ErrorKind::InvalidInput]);
    }
}

#[test]
fn names_of_other_platforms_are_unsupported() {
    let name = Name::parse_for(Platform::Windows, "@a").unwrap();
    let options = local_socket::ListenerOptions::new().name(name.borrow());
    assert_kind(options.create_sync(), &[ErrorKind::Unsupported]);
    assert_kind(local_socket::Stream::connect(name), &[ErrorKind::Unsupported]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A file of each name that is accepted can be listened on and connected to.
    #[test]
    fn every_file_name_that_is_accepted_can_be_bound(
        part in prop::collection::vec(1_u8.., 1..60).prop_filter(
            "no path of more than one part",
            |part| !part.contains(&b'/') && part != b"." && part != b"..",
        )
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OsString::from_vec(part));
        if let Ok(name) = path.as_path().to_fs_name::<GenericFilePath>() {
            assert_can_be_bound(&name);
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    /// The same for each word.
    #[test]
    #[cfg(linux_like)]
    fn every_abstract_name_that_is_accepted_can_be_bound(
        bytes in prop::collection::vec(any::<u8>(), 0..115)
    ) {
        // Other tests could use the same random bytes if they are few.
        let own = [&std::process::id().to_le_bytes()[..], &bytes].concat();
        match local_socket::os::unix::AbstractNsUdSocket::from_bytes(&own) {
            Ok(name) => {
                assert_can_be_bound(&name);
                let printed = name.to_string();
                prop_assert_eq!(Name::parse(&printed).unwrap(), name);
            }
            Err(_) => prop_assert!(own.len() > 107),
        }
    }
}

fn assert_can_be_bound(name: &Name<'_>) {
    use local_socket::traits::{Listener as _, StreamCommon as _};
    let options = local_socket::ListenerOptions::new().name(name.borrow());
    let listener = options.create_sync().unwrap();
    let client = local_socket::Stream::connect(name.borrow()).unwrap();
    let server = listener.accept().unwrap();
    assert_eq!(server.local_name().unwrap().as_ref(), Some(name));
    assert_eq!(client.peer_name().unwrap().as_ref(), Some(name));
}

#[test]
fn the_socket_files_of_a_name_are_those_of_its_kind() {
    let path = "./a.sock".to_fs_name::<GenericFilePath>().unwrap();
    assert_eq!(path.socket_files().unwrap(), [Path::new("./a.sock")]);
    let word = "word".to_ns_name::<SpecialDirUdSocket>().unwrap();
    let files = word.socket_files().unwrap();
    assert!(!files.is_empty() && files.iter().all(|file| file.ends_with("word")), "{files:?}");
    let namespaced = "word".to_ns_name::<GenericNamespaced>().unwrap();
    let is_abstract = Platform::CURRENT == Platform::Linux;
    assert_eq!(namespaced.socket_files().unwrap().is_empty(), is_abstract);
    let pipe = Name::parse_for(Platform::Windows, "word").unwrap();
    assert_kind(pipe.socket_files(), &[ErrorKind::Unsupported]);
}
