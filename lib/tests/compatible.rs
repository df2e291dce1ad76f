//! Programs that were written for the `local_socket` module of the crate `interprocess` 2.2 to 2.4,
//! with changed paths only. Compiling is most of the test; they also run.
//!
//! They use the API as programs do: globs of preludes, trait methods on the enums, bounds in
//! signatures, types by their full paths.

mod generic;

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
