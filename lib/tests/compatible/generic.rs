//! Code that is generic over the traits, names each trait, and uses every option.

use local_socket::{
    ConnectOptions, ConnectWaitMode, Incoming, Listener, ListenerNonblockingMode, ListenerOptions,
    Name, NameType, NamespacedNameType, PathNameType, PeerCreds, RecvHalf, ReuniteError,
    ReuniteResult, SendHalf, Stream, ToFsName, ToNsName, TryClone,
    bound_util::{RefRead, RefWrite},
    error::{ConversionError, NoDetails},
    traits::{self, ListenerExt as _, StreamCommon as _},
};
use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

fn echo_once<L: traits::Listener>(listener: &L) -> io::Result<()> {
    let stream = listener.accept()?;
    let mut byte = [0];
    stream.as_read().read_exact(&mut byte)?;
    stream.as_write().write_all(&byte)?;
    stream.as_write().flush()
}

fn ask<S: traits::Stream>(name: Name<'_>) -> io::Result<u8> {
    let options = ConnectOptions::new().name(name).wait_mode(ConnectWaitMode::Unbounded);
    let stream: S = options.nonblocking_stream(false).connect_sync_as()?;
    let (mut rh, mut sh) = stream.split();
    sh.write_all(b"?")?;
    let mut byte = [0];
    rh.read_exact(&mut byte)?;
    let stream = S::reunite(rh, sh).map_err(|_| io::ErrorKind::Other)?;
    stream.take_error()?;
    Ok(byte[0])
}

fn map<'s, S: ToOwned + ?Sized, NT: NamespacedNameType<S>>(
    name: Cow<'s, S>,
) -> io::Result<Name<'s>> {
    NT::map(name)
}

fn name_types<NT: PathNameType<OsStr> + NameType>() -> bool {
    let _: fn(Cow<'_, OsStr>) -> io::Result<Name<'_>> = NT::map;
    NT::is_supported()
}

fn names<'s>(text: &'s str, path: &'s Path) {
    use local_socket::{GenericFilePath as File, GenericNamespaced as Ns};
    let os: &OsStr = text.as_ref();
    for name in [
        text.to_ns_name::<Ns>(),
        text.to_owned().to_ns_name::<Ns>(),
        os.to_ns_name::<Ns>(),
        OsString::from(text).to_ns_name::<Ns>(),
        map::<OsStr, Ns>(Cow::Borrowed(os)),
    ] {
        let name = name.unwrap();
        assert!(name.is_namespaced());
        assert_eq!(name.borrow(), name.clone().into_owned());
    }
    assert!(name_types::<File>());
    for name in [
        path.to_fs_name::<File>(),
        PathBuf::from(path).to_fs_name::<File>(),
        path.to_str().unwrap().to_fs_name::<File>(),
        path.as_os_str().to_fs_name::<File>(),
    ] {
        assert!(name.unwrap().is_path());
    }
}

fn reunited(rh: RecvHalf, sh: SendHalf) -> ReuniteResult {
    traits::Stream::reunite(rh, sh)
}

fn report(error: ReuniteError) -> (RecvHalf, SendHalf) {
    (error.rh, error.sh)
}

fn credentials(creds: &PeerCreds) {
    let _ = creds.pid();
    #[cfg(unix)]
    let _: (Option<u32>, Option<u32>, Option<&[u32]>) =
        (creds.euid(), creds.egid(), creds.groups());
}

pub(super) fn run() -> io::Result<()> {
    let word = super::printname();
    let ns = || word.clone().to_ns_name::<local_socket::GenericNamespaced>();
    if cfg!(windows) {
        names(&word, Path::new(r"\\.\pipe\a"));
    } else {
        names(&word, Path::new("/tmp/a"));
    }
    let options = ListenerOptions::new()
        .name(ns()?)
        .nonblocking(ListenerNonblockingMode::Neither)
        .reclaim_name(true)
        .try_overwrite(false)
        .max_spin_time(Duration::from_secs(1));
    let options = options.try_clone()?;
    let mut listener: Listener = options.create_sync_as()?;
    traits::Listener::set_nonblocking(&listener, ListenerNonblockingMode::from_bool(false, false))?;
    traits::Listener::do_not_reclaim_name_on_drop(&mut listener);
    let server = std::thread::spawn(move || {
        echo_once(&listener)?;
        let mut incoming: Incoming<'_, Listener> = listener.incoming();
        let stream: Stream = incoming.next().unwrap()?;
        credentials(&stream.peer_creds()?);
        drop(stream.try_clone()?);
        let (rh, sh) = traits::Stream::split(stream);
        let (other, _) = traits::Stream::split(Stream::pair()?.0);
        let (_, sh) = report(reunited(other, sh).unwrap_err());
        let _ = reunited(rh, sh);
        io::Result::Ok(())
    });
    assert_eq!(ask::<Stream>(ns()?)?, b'?');
    let stream = <Stream as traits::Stream>::connect(ns()?)?;
    traits::Stream::set_nonblocking(&stream, false)?;
    traits::Stream::set_recv_timeout(&stream, Some(Duration::from_secs(20)))?;
    traits::Stream::set_send_timeout(&stream, None)?;
    server.join().unwrap()?;
    let error: ConversionError<u8, NoDetails> = ConversionError::from_source(1);
    let _: io::Error = error.to_io_error();
    Ok(())
}
