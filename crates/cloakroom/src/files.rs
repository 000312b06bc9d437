//! Files that this program makes: their owner is the account that the service runs under, whoever runs the command.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// The path of a file that belongs to another one: its name, and `suffix`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The directory that a file is in.
pub(crate) fn directory_of(path: &Path) -> PathBuf {
    let named = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    named.unwrap_or(Path::new(".")).to_owned()
}

/// Opens a file beside a database, or makes it with mode 0600 and the database's owner, as SQLite makes its own side files.
pub(crate) fn open_beside(database: &Path, suffix: &str) -> io::Result<File> {
    let path = beside(database, suffix);
    // Its owner's alone: whoever may open it may lock it, and keep the server from starting.
    let file = OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(path)?;
    let owner = if database.exists() { database.to_owned() } else { directory_of(database) };
    give_to(&file, &owner)?;
    Ok(file)
}

/// Gives a file that root has made to the owner of `path`. Other accounts cannot, and need not.
pub(crate) fn give_to(file: &File, path: &Path) -> io::Result<()> {
    let (present, owner) = (file.metadata()?, fs::metadata(path)?);
    let is_root = rustix::process::geteuid().is_root();
    if is_root && (present.uid(), present.gid()) != (owner.uid(), owner.gid()) {
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}
