//! The table of the app's files, which is read once.
//!
//! A file `x.js.br` or `x.js.gz` beside `x.js` is another representation of it, not a file of its own. Hidden files and
//! source maps are left out here, so that no later rule has to exclude them.

use std::{collections::HashMap, fs, io, path::Path};

use axum::http::HeaderValue;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::negotiation::{Accepted, Encoding};

/// The most bytes of an app; a larger directory is taken for a mistake.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The most levels of directories; a deeper one is taken for a loop of symbolic links.
const MOST_DEPTH: usize = 16;

/// The files of an app, by their paths without the first slash.
#[derive(Debug)]
pub struct Files(HashMap<String, File>);

impl Files {
    /// Builds the table from files inside the binary: the path of each, its bytes, and their SHA-256.
    pub fn embedded(files: impl IntoIterator<Item = (String, Bytes, [u8; 32])>) -> Self {
        let each = files.into_iter().map(|(path, bytes, hash)| (path, representation(bytes, hash)));
        assemble(each.collect())
    }

    /// Reads the files of a directory and of those below it.
    pub(super) fn from_directory(directory: &Path) -> io::Result<Self> {
        let mut representations = HashMap::new();
        let mut room = MOST_BYTES;
        collect(directory, "", MOST_DEPTH, &mut room, &mut representations)?;
        if !representations.contains_key("index.html") {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no index.html in it"));
        }
        Ok(assemble(representations))
    }

    /// Replaces the text of a file by what `change` makes of it; removes its compressed siblings, which lack the change.
    pub fn rewrite(&mut self, path: &str, change: impl FnOnce(&str) -> String) {
        if let Some(file) = self.0.get_mut(path) {
            file.rewrite(change);
        }
    }

    /// Adds a file, or replaces the one of that path.
    pub fn insert(&mut self, path: &str, content_type: &'static str, bytes: Bytes) {
        let hash = Sha256::digest(&bytes).into();
        let file = File {
            content_type: HeaderValue::from_static(content_type),
            policy: None,
            identity: representation(bytes, hash),
            brotli: None,
            gzip: None,
        };
        self.0.insert(path.to_owned(), file);
    }

    /// Returns the file of that path.
    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }

    /// Returns a file whose path matches `is_such`.
    pub(super) fn find(&self, is_such: impl Fn(&str) -> bool) -> Option<&File> {
        self.0.iter().find(|(path, _)| is_such(path)).map(|(_, file)| file)
    }

    /// Returns every path with its file.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut File)> {
        self.0.iter_mut()
    }
}

/// One file in all its available encodings.
#[derive(Debug)]
pub(super) struct File {
    pub(super) content_type: HeaderValue,
    /// The policy of a page of the operator's app, if it differs from the one of the app's other files.
    pub(super) policy: Option<HeaderValue>,
    identity: Representation,
    brotli: Option<Representation>,
    gzip: Option<Representation>,
}

/// The bytes that are sent, and the tag that names exactly these.
#[derive(Clone, Debug)]
pub(super) struct Representation {
    pub(super) bytes: Bytes,
    pub(super) etag: HeaderValue,
}

impl File {
    /// Returns the bytes of an HTML file; `None` for any other.
    pub(super) fn html(&self) -> Option<&[u8]> {
        self.content_type.as_bytes().starts_with(b"text/html").then_some(&self.identity.bytes[..])
    }

    fn rewrite(&mut self, change: impl FnOnce(&str) -> String) {
        let bytes = Bytes::from(change(&String::from_utf8_lossy(&self.identity.bytes)));
        let hash = Sha256::digest(&bytes).into();
        self.identity = representation(bytes, hash);
        self.brotli = None;
        self.gzip = None;
    }

    /// Returns the first of the accepted encodings that is available.
    pub(super) fn choose(&self, accepted: Accepted) -> (Encoding, &Representation) {
        accepted
            .in_order()
            .find_map(|encoding| {
                let representation = match encoding {
                    Encoding::Brotli => self.brotli.as_ref(),
                    Encoding::Gzip => self.gzip.as_ref(),
                    Encoding::Identity => None,
                };
                representation.map(|found| (encoding, found))
            })
            .unwrap_or((Encoding::Identity, &self.identity))
    }
}

fn collect(
    directory: &Path,
    prefix: &str,
    depth: usize,
    room: &mut usize,
    into: &mut HashMap<String, Representation>,
) -> io::Result<()> {
    let too_large = || {
        let message = format!("{} is larger or deeper than an app can be", directory.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let depth = depth.checked_sub(1).ok_or_else(too_large)?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        // No URL can name a file whose name is not text.
        let Some(name) = name.to_str().filter(|name| is_public(name)) else { continue };
        let path = format!("{prefix}{name}");
        // Links are followed: Kubernetes and most deployment scripts put builds in place with them.
        let kind = fs::metadata(entry.path())?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), depth, room, into)?;
        } else if kind.is_file() {
            let size = usize::try_from(kind.len()).map_err(|_| too_large())?;
            *room = room.checked_sub(size).ok_or_else(too_large)?;
            let bytes = Bytes::from(fs::read(entry.path())?);
            let hash = Sha256::digest(&bytes).into();
            into.insert(path, representation(bytes, hash));
        }
    }
    Ok(())
}

/// Joins each file with its compressed siblings.
fn assemble(mut representations: HashMap<String, Representation>) -> Files {
    let mut files: Vec<String> = representations
        .keys()
        .filter(|path| path.split('/').all(is_public))
        .filter(|path| {
            let original = path.strip_suffix(".br").or_else(|| path.strip_suffix(".gz"));
            original.is_none_or(|original| !representations.contains_key(original))
        })
        .cloned()
        .collect();
    let files = files.drain(..).filter_map(|path| {
        let file = File {
            content_type: content_type(&path),
            policy: None,
            identity: representations.remove(&path)?,
            brotli: representations.remove(&format!("{path}.br")),
            gzip: representations.remove(&format!("{path}.gz")),
        };
        Some((path, file))
    });
    Files(files.collect())
}

/// Tells whether a file or directory of that name may be served. `.well-known` is not a hidden name, but a registered
/// one (RFC 8615).
fn is_public(name: &str) -> bool {
    let hidden = name.starts_with('.') && name != ".well-known";
    let uncompressed = name.strip_suffix(".br").or_else(|| name.strip_suffix(".gz")).unwrap_or(name);
    !hidden && !Path::new(uncompressed).extension().is_some_and(|last| last.eq_ignore_ascii_case("map"))
}

/// Builds a representation; `hash` names the bytes, for which half of a SHA-256 is enough.
fn representation(bytes: Bytes, hash: [u8; 32]) -> Representation {
    let half = hash.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
    let etag = HeaderValue::from_str(&format!("\"{half:032x}\""));
    Representation { bytes, etag: etag.unwrap_or_else(|_| unreachable!("hex digits are header text")) }
}

/// Returns the type by the extension. A file of unknown type is downloaded, never guessed (the reply says `nosniff`).
fn content_type(path: &str) -> HeaderValue {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let name = match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    };
    HeaderValue::from_static(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        directory
    }

    #[test]
    fn x07_hidden_files_and_source_maps_are_not_in_the_table() {
        let app = directory(&[
            "index.html",
            ".env",
            ".git/HEAD",
            ".well-known/security.txt",
            "assets/app.js",
            "assets/app.js.br",
            "assets/app.js.map",
            "assets/app.js.map.gz",
            "archive.gz",
        ]);
        let mut paths: Vec<_> = Files::from_directory(app.path()).unwrap().0.into_keys().collect();
        paths.sort();
        assert_eq!(paths, [".well-known/security.txt", "archive.gz", "assets/app.js", "index.html"]);
    }

    #[test]
    fn a_directory_that_is_no_app_is_refused() {
        let no_index = directory(&["readme.txt"]);
        assert_eq!(Files::from_directory(no_index.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
        let endless = directory(&["index.html"]);
        std::os::unix::fs::symlink(endless.path(), endless.path().join("again")).unwrap();
        assert_eq!(Files::from_directory(endless.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_compressed_sibling_is_chosen_and_has_a_tag_of_its_own() {
        let app = directory(&["index.html", "a.css", "a.css.br"]);
        let files = Files::from_directory(app.path()).unwrap();
        let mut headers = axum::http::HeaderMap::new();
        let plain = files.0["a.css"].choose(super::super::negotiation::encodings(&headers));
        assert_eq!((plain.0, &plain.1.bytes[..]), (Encoding::Identity, &b"a.css"[..]));
        headers.insert("accept-encoding", HeaderValue::from_static("br"));
        let small = files.0["a.css"].choose(super::super::negotiation::encodings(&headers));
        assert_eq!((small.0, &small.1.bytes[..]), (Encoding::Brotli, &b"a.css.br"[..]));
        assert_ne!(plain.1.etag, small.1.etag);
        assert_eq!(files.0["a.css"].content_type, "text/css; charset=utf-8");
    }
}
