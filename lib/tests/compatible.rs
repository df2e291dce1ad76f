//! Programs that were written for the `local_socket` module of the crate `interprocess` 2.2 to 2.4,
//! with changed paths only. Compiling is most of the test; they also run.
//!
//! They use the API as programs do: globs of preludes, trait methods on the enums, bounds in
//! signatures, types by their full paths.

use crate::harness::{unique_word, within_deadline};

/// Returns a name for this system as such programs create it.
fn printname() -> String {
    unique_word()
}

/// A synchronous listener and client exchange lines.
mod synchronous {
    use local_socket::{GenericFilePath, GenericNamespaced, ListenerOptions, Stream, prelude::*};
    use std::io::{self, BufReader, prelude::*};

    fn name(word: &str) -> io::Result<local_socket::Name<'static>> {
        if GenericNamespaced::is_supported() {
            word.to_owned().to_ns_name::<GenericNamespaced>()
        } else {
            format!("/tmp/{word}").to_fs_name::<GenericFilePath>()
        }
    }

    pub(super) fn serve(listener: &LocalSocketListener) -> io::Result<String> {
        fn handle_error(connection: io::Result<Stream>) -> Option<Stream> {
            connection.ok()
        }
        let mut buffer = String::with_capacity(128);
        if let Some(connection) = listener.incoming().filter_map(handle_error).next() {
            let mut connection = BufReader::new(connection);
            connection.read_line(&mut buffer)?;
            connection.get_mut().write_all(b"Hello from server!\n")?;
        }
        Ok(buffer)
    }

    pub(super) fn run() -> io::Result<()> {
        let word = super::printname();
        let options = ListenerOptions::new().name(name(&word)?);
        let listener = match options.create_sync() {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => panic!("in use: {e}"),
            x => x?,
        };
        let server = std::thread::spawn(move || serve(&listener));
        let mut buffer = String::with_capacity(128);
        let connection = Stream::connect(name(&word)?)?;
        let mut connection = BufReader::new(connection);
        connection.get_mut().write_all(b"Hello from client!\n")?;
        connection.read_line(&mut buffer)?;
        assert_eq!(buffer, "Hello from server!\n");
        assert_eq!(server.join().unwrap()?, "Hello from client!\n");
        Ok(())
    }
}

/// The same asynchronously, with a task for each client.
mod asynchronous {
    use local_socket::{
        GenericNamespaced, ListenerOptions,
        tokio::{Stream, prelude::*},
    };
    use std::io;
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        try_join,
    };

    async fn handle_conn(conn: Stream) -> io::Result<()> {
        let mut recver = BufReader::new(&conn);
        let mut sender = &conn;
        let mut buffer = String::with_capacity(128);
        let send = sender.write_all(b"Hello from server!\n");
        let recv = recver.read_line(&mut buffer);
        try_join!(recv, send)?;
        assert_eq!(buffer.trim(), "Hello from client!");
        Ok(())
    }

    pub(super) async fn run() -> io::Result<()> {
        let word = super::printname();
        let opts = ListenerOptions::new().name(word.as_str().to_ns_name::<GenericNamespaced>()?);
        let listener = opts.create_tokio()?;
        let server = tokio::spawn(async move { handle_conn(listener.accept().await?).await });
        let name = word.as_str().to_ns_name::<GenericNamespaced>()?;
        let conn = Stream::connect(name).await?;
        let (recver, mut sender) = conn.split();
        let mut recver = BufReader::new(recver);
        let mut buffer = String::with_capacity(128);
        let recv = recver.read_line(&mut buffer);
        let send = sender.write_all(b"Hello from client!\n");
        try_join!(send, recv)?;
        assert_eq!(buffer.trim(), "Hello from server!");
        Stream::reunite(recver.into_inner(), sender).unwrap();
        server.await?
    }
}

/// Code that is generic over the traits, names each trait, and uses every option.
mod generic {
    use local_socket::{
        ConnectOptions, ConnectWaitMode, Incoming, Listener, ListenerNonblockingMode,
        ListenerOptions, Name, NameType, NamespacedNameType, PathNameType, PeerCreds, RecvHalf,
        ReuniteError, ReuniteResult, SendHalf, Stream, ToFsName, ToNsName, TryClone,
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
        traits::Listener::set_nonblocking(
            &listener,
            ListenerNonblockingMode::from_bool(false, false),
        )?;
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
}

/// Items of one system by their paths.
#[cfg(unix)]
mod unix {
    use local_socket::{
        ListenerOptions, NameType as _, ToFsName as _, ToNsName as _,
        os::unix::{
            FilesystemUdSocket, ListenerOptionsExt as _, SpecialDirUdSocket, tokio as uds_tokio,
        },
    };
    use std::{
        ffi::{CStr, CString},
        io,
        os::{
            fd::{AsFd, OwnedFd},
            unix::net::UnixStream,
        },
    };

    pub(super) fn run() -> io::Result<()> {
        assert!(FilesystemUdSocket::is_supported() && SpecialDirUdSocket::is_supported());
        let c: &CStr = c"/tmp/a";
        c.to_fs_name::<FilesystemUdSocket>()?;
        CString::from(c).to_fs_name::<local_socket::GenericFilePath>()?;
        c"word".to_ns_name::<SpecialDirUdSocket>()?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("s");
        let name = path.as_path().to_fs_name::<FilesystemUdSocket>()?;
        let options = ListenerOptions::new().name(name.borrow()).mode(0o600);
        let listener: local_socket::os::unix::Listener = options.create_sync_as()?;
        listener.set_new_stream_nonblocking(false);
        let stream = local_socket::os::unix::Stream::from(UnixStream::connect(&path)?);
        stream.inner().peer_addr()?;
        fn has_fd<T: AsFd + Into<OwnedFd>>(_: &T) {}
        has_fd(&stream);
        has_fd(&listener);
        let _: fn(uds_tokio::Stream) -> tokio::net::UnixStream = Into::into;
        let _: fn(OwnedFd) -> io::Result<uds_tokio::Listener> = TryInto::try_into;
        Ok(())
    }

    #[cfg(target_os = "linux")]
    pub(super) fn abstract_names() -> io::Result<()> {
        use local_socket::os::unix::AbstractNsUdSocket;
        c"word".to_ns_name::<AbstractNsUdSocket>()?;
        let name = "word".to_ns_name::<AbstractNsUdSocket>()?;
        assert!(name.is_namespaced() && !name.is_path());
        Ok(())
    }
}

#[test]
fn a_synchronous_program() {
    within_deadline(|| synchronous::run().unwrap());
}

#[test]
fn an_asynchronous_program() {
    within_deadline(|| crate::asynchronous::block_on(asynchronous::run()).unwrap());
}

#[test]
fn a_generic_program() {
    within_deadline(|| generic::run().unwrap());
}

#[cfg(unix)]
#[test]
fn a_program_for_unix() {
    within_deadline(|| {
        unix::run().unwrap();
        #[cfg(target_os = "linux")]
        unix::abstract_names().unwrap();
    });
}
