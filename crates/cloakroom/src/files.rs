//! Files on disk: those with secrets that this program reads, and those that it makes. Their owner is the account that the
//! service runs under, whichever account runs the command.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// Reads a file that holds a secret.
///
/// Its group may read it: that is how a service reads what root owns. systemd's credentials, volumes of Kubernetes with an
/// `fsGroup`, and Docker secrets with `mode: 0440` arrive that way.
///
/// # Errors
/// A sentence, to follow the name of the file, when other accounts may read or write it, or it cannot be read.
pub(crate) fn read_secret(path: &Path) -> Result<Vec<u8>, String> {
    let about = |error: io::Error| format!("cannot be read: {error}");
    // The mode is that of the opened file; the path may name another file by now.
    let mut file = File::open(path).map_err(about)?;
    let mode = file.metadata().map_err(about)?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(format!("can be read by others (mode {:o}): chmod o= it", mode & 0o777));
    }
    let mut secret = Vec::new();
    file.read_to_end(&mut secret).map_err(about)?;
    Ok(secret)
}

/// Returns the path of a file that belongs to another one: its name, and `suffix`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the directory that a file is in.
pub(crate) fn directory_of(path: &Path) -> PathBuf {
    let named = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    named.unwrap_or(Path::new(".")).to_owned()
}

/// Opens a file beside a database, or makes it with mode 0600 and the database's owner. SQLite makes its own side files in that
/// way.
pub(crate) fn open_beside(database: &Path, suffix: &str) -> io::Result<File> {
    let path = beside(database, suffix);
    // Only its owner may open it: others could lock it, and keep the server from starting.
    let file = OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(path)?;
    let owner = if database.exists() { database.to_owned() } else { directory_of(database) };
    give_to(&file, &owner)?;
    Ok(file)
}

/// Gives a file that root has made to the owner of `path`. Other accounts cannot do this, and need not.
pub(crate) fn give_to(file: &File, path: &Path) -> io::Result<()> {
    let (present, owner) = (file.metadata()?, fs::metadata(path)?);
    let is_root = rustix::process::geteuid().is_root();
    if is_root && (present.uid(), present.gid()) != (owner.uid(), owner.gid()) {
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}
