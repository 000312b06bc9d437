//! The files of the brand: read, judged by their content, and named after it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;
use imagesize::ImageType;
use sha2::{Digest as _, Sha256};

use super::svg;

/// The most bytes of a picture.
const MOST_BYTES: u64 = 256 * 1024;

/// The directory of all files of ours, as their addresses begin.
const DIRECTORY: &str = "/_cloakroom/";

/// A file that belongs to the brand, to be served at its path. Its name holds a hash of its content, so it never changes.
#[derive(Clone, Debug)]
pub struct BrandFile {
    path: String,
    content_type: &'static str,
    bytes: Bytes,
}

impl BrandFile {
    /// Returns the file named `stem` with that content; `extension` is that of its type.
    pub(super) fn new(stem: &str, (extension, content_type): Type, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let hash = Sha256::digest(&bytes);
        let hash = u64::from_be_bytes(*hash.first_chunk().unwrap_or(&[0; 8]));
        Self { path: format!("{DIRECTORY}{stem}-{hash:016x}.{extension}"), content_type, bytes }
    }

    /// Returns the path of its address, which begins with `/_cloakroom/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the value of `Content-Type`.
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Returns the content.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the value of `Content-Security-Policy`, under which a picture that is opened by itself can do nothing.
    pub fn policy(&self) -> &'static str {
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'; sandbox"
    }

    /// Tells whether mail programs show it: they show no SVG, and some no WebP.
    pub(super) fn is_png(&self) -> bool {
        self.content_type == PNG.1
    }

    /// Returns the sizes of an icon, as a web manifest has them: those of its pixels, or `any`.
    pub(super) fn sizes(&self) -> String {
        match imagesize::blob_size(&self.bytes) {
            Ok(size) => format!("{}x{}", size.width, size.height),
            Err(_) => "any".to_owned(),
        }
    }
}

/// An extension and its media type.
pub(super) type Type = (&'static str, &'static str);

/// The charset stands over what the file says of its own, which could make other text of it than was judged.
const SVG: Type = ("svg", "image/svg+xml; charset=utf-8");
const PNG: Type = ("png", "image/png");
const WEBP: Type = ("webp", "image/webp");
pub(super) const CSS: Type = ("css", "text/css; charset=utf-8");
pub(super) const MANIFEST: Type = ("webmanifest", "application/manifest+json");

/// Reads a picture, which is served under a name that begins with `stem`.
///
/// # Errors
/// A complaint about a file that is missing, too large, or no picture.
pub(super) fn read(stem: &str, path: &Path) -> Result<BrandFile, String> {
    let complain = |told: String| format!("{}: {told}", path.display());
    let bytes = bytes_of(path).map_err(complain)?;
    let kind = type_of(&bytes).map_err(complain)?;
    Ok(BrandFile::new(stem, kind, bytes))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let unread = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe would be waited for.
    if !std::fs::metadata(path).map_err(unread)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unread)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("is larger than {} KiB", MOST_BYTES / 1024));
    }
    Ok(bytes)
}

/// Tells the type by the content; the name of the file means nothing.
fn type_of(bytes: &[u8]) -> Result<Type, String> {
    let kind = match imagesize::image_type(bytes) {
        Ok(ImageType::Png) => PNG,
        Ok(ImageType::Webp) => WEBP,
        _ => return svg_of(bytes),
    };
    match imagesize::blob_size(bytes) {
        Ok(size) if size.width > 0 && size.height > 0 => Ok(kind),
        _ => Err("is damaged: it has no size".to_owned()),
    }
}

fn svg_of(bytes: &[u8]) -> Result<Type, String> {
    let text = std::str::from_utf8(bytes).ok().map(|text| text.trim_start_matches('\u{feff}'));
    match text.filter(|text| text.trim_start().starts_with('<')) {
        Some(text) => svg::complaint(text).map_or(Ok(SVG), Err),
        None => Err("is no SVG, PNG or WebP, whatever its name says".to_owned()),
    }
}
