//! The private socket of a ledger's directory: how other commands reach the process that holds it.
//!
//! Invariant: only whoever holds the directory's lock binds the socket, so a file that is there
//! already is left over and may be removed; it opens to the same operating-system user alone. What
//! this module does not do: it does not say who holds the ledger, the lock does.
//!
//! An address of a socket holds about 107 bytes of path. Longer directories are reached through
//! an open handle on them, as `/proc/self/fd/N/socket` (Linux).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::{UnixListener, UnixStream};

/// The socket's name in the ledger's directory.
pub const SOCKET_FILE: &str = "socket";

/// The longest path that is put into an address as it is.
const DIRECT_PATH_BYTES_MAX: usize = 100;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 256;

/// A bound private socket.
#[derive(Debug)]
pub struct PrivateSocket {
    path: PathBuf,
    socket: OwnedFd,
}

/// A path to the socket that fits into an address, and what keeps it valid.
struct Reach {
    path: PathBuf,
    _dir: Option<OwnedFd>,
}

fn reach(dir: &Path) -> io::Result<Reach> {
    let direct = dir.join(SOCKET_FILE);
    if direct.as_os_str().len() <= DIRECT_PATH_BYTES_MAX {
        return Ok(Reach { path: direct, _dir: None });
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let handle = rustix::fs::open(dir, flags, Mode::empty())?;
    let path = format!("/proc/self/fd/{}/{SOCKET_FILE}", handle.as_raw_fd());
    Ok(Reach { path: PathBuf::from(path), _dir: Some(handle) })
}

impl PrivateSocket {
    /// Binds the socket of a directory whose lock this process holds. It can be connected to from
    /// here on; connections wait until they are accepted.
    ///
    /// # Errors
    /// What the system says, for example on a file system that has no sockets.
    pub fn bind(dir: &Path) -> io::Result<PrivateSocket> {
        let path = dir.join(SOCKET_FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let reach = reach(dir)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(&reach.path)?)?;
        // Nobody can connect before `listen`, so nobody slips in before the mode is set.
        std::fs::set_permissions(&reach.path, std::fs::Permissions::from_mode(0o600))?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(PrivateSocket { path, socket })
    }

    /// Hands the socket to the runtime this is called in.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn listen(self) -> io::Result<(UnixListener, PathBuf)> {
        let listener = std::os::unix::net::UnixListener::from(self.socket);
        Ok((UnixListener::from_std(listener)?, self.path))
    }
}

/// Connects to whoever holds a directory.
///
/// # Errors
/// `NotFound` and `ConnectionRefused` when nobody listens, `WouldBlock` when too many wait already.
pub(crate) async fn connect(dir: &Path) -> io::Result<UnixStream> {
    let reach = reach(dir)?;
    UnixStream::connect(&reach.path).await
}

/// Tells whether the other end runs as this user (or the system's).
pub(super) fn is_same_user(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(dir: &Path) {
        std::fs::create_dir_all(dir).unwrap();
        let missing = connect(dir).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        drop(PrivateSocket::bind(dir).unwrap());
        let left_over = connect(dir).await.unwrap_err();
        assert_eq!(left_over.kind(), io::ErrorKind::ConnectionRefused);
        let (listener, path) = PrivateSocket::bind(dir).unwrap().listen().unwrap();
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let _connected = connect(dir).await.unwrap();
        assert!(is_same_user(&listener.accept().await.unwrap().0));
    }

    #[tokio::test]
    async fn a_socket_is_reached_however_long_its_path_is() {
        let folder = tempfile::tempdir().unwrap();
        check(&folder.path().join("short")).await;
        check(&folder.path().join("d".repeat(200))).await;
        check(&folder.path().join("目录/".repeat(40))).await;
    }
}
