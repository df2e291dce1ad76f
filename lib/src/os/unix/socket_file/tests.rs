use super::{
    super::{
        bound::bind_file,
        lock::{self, Locking},
        sys,
    },
    *,
};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType, accept, listen, socket},
};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::{UnixDatagram, UnixListener, UnixStream},
    },
    time::{Duration, Instant},
};

#[test]
fn the_state_of_each_type_of_socket_is_found() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let state = |name: &str| SocketFile::at_path(&at(name))?.state(&at(name));
    let of_stream = |listens| match cfg!(linux_like) {
        true => SocketState::Stream { listens },
        false => SocketState::Open,
    };
    drop(UnixListener::bind(at("stale"))?);
    assert_eq!(state("stale")?, SocketState::Closed);
    let listener = UnixListener::bind(at("stream"))?;
    assert_eq!(state("stream")?, of_stream(true));
    listener.set_nonblocking(true)?;
    let accepted = listener.accept().map_err(|error| error.kind());
    assert_eq!(accepted.map(drop), Err(io::ErrorKind::WouldBlock));
    let _datagram = UnixDatagram::bind(at("datagram"))?;
    assert_eq!(state("datagram")?, SocketState::Datagram);
    let bound = sys::stream_socket(false)?;
    bind_file(&bound, &at("bound"))?;
    assert_eq!(state("bound")?, of_stream(false));
    fs::write(at("file"), "")?;
    let refused = state("file").map_err(|error| (error.kind(), error.to_string()));
    assert_eq!(refused, Err((io::ErrorKind::InvalidInput, "a regular file".to_owned())));
    assert_eq!(state("none").map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
    Ok(())
}

/// A server that ends between the two looks at its socket was taken for one for sequenced packets.
#[test]
#[cfg(linux_like)]
fn a_socket_that_is_closed_meanwhile_is_closed() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path)?);
    let address = super::super::address::file_address(&path)?;
    assert_eq!(state::of_connections(&address)?, SocketState::Closed);
    Ok(())
}

/// A server for a single client would have had it otherwise.
#[test]
#[cfg(not(apple))]
fn a_server_for_sequenced_packets_sees_no_client() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("s");
    let server = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None)?;
    bind_file(&server, &path)?;
    let state = || SocketFile::at_path(&path)?.state(&path);
    let expected = |listens| match cfg!(linux_like) {
        true => SocketState::SeqPacket { listens },
        false => SocketState::Open,
    };
    assert_eq!(state()?, expected(false));
    listen(&server, 1)?;
    rustix::io::ioctl_fionbio(&server, true)?;
    assert_eq!(state()?, expected(true));
    assert_eq!(accept(&server).map(drop), Err(Errno::AGAIN));
    Ok(())
}

#[test]
#[cfg(linux_like)]
fn the_state_of_an_abstract_name_is_found() -> io::Result<()> {
    for (socket_type, expected) in [
        (SocketType::DGRAM, SocketState::Datagram),
        (SocketType::STREAM, SocketState::Stream { listens: true }),
        (SocketType::SEQPACKET, SocketState::SeqPacket { listens: true }),
    ] {
        // A name for each: a process that another test starts at this moment can hold a socket open.
        let name = format!("state-{}-{expected:?}", std::process::id()).into_bytes();
        let state = || SocketState::of_abstract_name(&name);
        assert_eq!(state()?, SocketState::Closed);
        let address = super::super::address::abstract_address(&name)?;
        let server = socket(AddressFamily::UNIX, socket_type, None)?;
        rustix::net::bind(&server, &address)?;
        if socket_type != SocketType::DGRAM {
            assert_eq!(state()?, SocketState::Closed);
            listen(&server, 0)?;
        }
        assert_eq!(state()?, expected);
        // Also if its backlog is full.
        if socket_type == SocketType::STREAM {
            let _client =
                rustix::net::connect(&socket(AddressFamily::UNIX, socket_type, None)?, &address);
            assert_eq!(state()?, expected);
        }
    }
    assert_eq!(
        SocketState::of_abstract_name(&[1; 200]).map_err(|e| e.kind()),
        Err(io::ErrorKind::InvalidFilename)
    );
    Ok(())
}

#[test]
fn the_file_has_the_permissions_of_the_other_one() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, like) = (folder.path().join("new"), folder.path().join("like"));
    let _server = UnixListener::bind(&like)?;
    for mode in [0o600, 0o666, 0o1755, 0o000] {
        fs::set_permissions(&like, fs::Permissions::from_mode(mode))?;
        let (_listener, file) = listen_like(&path, &SocketFile::at_path(&like)?)?;
        let numbers = |path| {
            let file = fs::symlink_metadata(path)?;
            Ok::<_, io::Error>((file.mode() & 0o7777, file.uid(), file.gid()))
        };
        assert_eq!(numbers(&path)?, numbers(&like)?);
        assert_eq!(file.mode(), mode);
        let again = listen_like(&path, &SocketFile::at_path(&like)?).map(drop);
        assert_eq!(again.map_err(|e| e.kind()), Err(io::ErrorKind::AddrInUse));
        assert!(file.is_at(&path)?);
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// `acl(5)`: the mode shows the mask in place of the rights of the group then.
#[test]
#[cfg(linux_like)]
fn the_access_control_list_is_that_of_the_other_file() -> io::Result<()> {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    const LIST: &str = "system.posix_acl_access";
    // Version 2; owner, one user, group, mask, others: tag, permission, number.
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, !0), (2, 6, 1234), (4, 0, !0), (16, 6, !0), (32, 0, !0)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permission, number) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(permission.to_le_bytes());
        list.extend(number.to_le_bytes());
    }
    let folder = tempfile::tempdir()?;
    let (path, like) = (folder.path().join("new"), folder.path().join("like"));
    let _server = UnixListener::bind(&like)?;
    match setxattr(&like, LIST, &list, XattrFlags::empty()) {
        // The file system has no such lists.
        Err(Errno::OPNOTSUPP) => return Ok(()),
        result => result?,
    }
    let _listener = listen_like(&path, &SocketFile::at_path(&like)?)?;
    let mut found = [0; 100];
    let length = getxattr(&path, LIST, &mut found[..])?;
    assert_eq!(&found[..length], list);
    assert_eq!(fs::symlink_metadata(&path)?.mode() & 0o7777, 0o660);
    Ok(())
}

/// Root can set the attribute as well where SELinux is off.
#[test]
#[cfg(linux_like)]
fn the_label_is_that_of_the_other_file() -> io::Result<()> {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    const LABEL: &str = "security.selinux";
    let folder = tempfile::tempdir()?;
    let (path, like) = (folder.path().join("new"), folder.path().join("like"));
    let _server = UnixListener::bind(&like)?;
    match setxattr(&like, LABEL, b"system_u:object_r:app_t:s0\0", XattrFlags::empty()) {
        // Without the right, or with a policy that does not know the type.
        Err(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP | Errno::INVAL) => return Ok(()),
        result => result?,
    }
    let _listener = listen_like(&path, &SocketFile::at_path(&like)?)?;
    let mut found = [0; 100];
    let length = getxattr(&path, LABEL, &mut found[..])?;
    assert_eq!(&found[..length], b"system_u:object_r:app_t:s0\0");
    Ok(())
}

/// The path is too long for an address: only the name of the server has to fit.
#[test]
#[cfg(linux_like)]
fn a_path_beside_a_long_one_can_be_listened_on_and_reached() -> io::Result<()> {
    let temporary = tempfile::tempdir()?;
    let rest = crate::Platform::CURRENT.path_limit() - temporary.path().as_os_str().len() - 10;
    let folder = temporary.path().join("d".repeat(rest));
    fs::create_dir(&folder)?;
    let like = folder.join("server");
    let _server = UnixListener::bind(&like)?;
    let path = folder.join(".server.beside");
    let (listener, file) = listen_like(&path, &SocketFile::at_path(&like)?)?;
    exchange(&path, &like)?;
    assert!(file.is_at(&like)? && !file.is_at(&path)?);
    let _client = UnixStream::connect(&like)?;
    listener.accept()?;
    fs::rename(&like, folder.join("moved"))?;
    let _client = UnixStream::connect(file.route().ok_or(io::ErrorKind::NotFound)?)?;
    listener.accept()?;
    Ok(())
}

#[test]
fn the_lock_is_that_of_listeners() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("s");
    let lock = NameLock::acquire(&path, Duration::ZERO).map_err(|_| io::ErrorKind::Other)?;
    let held = NameLock::acquire(&path, Duration::from_millis(20));
    assert!(matches!(held, Err(LockError::Held(_))));
    assert!(matches!(lock::acquire(&path, Some(Instant::now())), Locking::Busy));
    drop(lock);
    assert!(NameLock::acquire(&path, Duration::ZERO).is_ok());
    let missing = NameLock::acquire(Path::new("/nonexistent/s"), Duration::ZERO);
    assert!(matches!(missing, Err(LockError::Impossible)));
    Ok(())
}
