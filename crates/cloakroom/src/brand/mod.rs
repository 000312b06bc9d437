//! The brand: what `[app]` says of the app's looks, judged, and made into files that pages and mails refer to.
//!
//! It is made anew with each start and each reload of the configuration. It knows no HTTP: files are bytes under a path.

mod color;
mod file;
mod mail;
mod page;
mod palette;
mod summary;
mod svg;
mod theme;
mod validate;

use std::path::PathBuf;
use std::sync::Arc;

pub use file::BrandFile;
pub(crate) use mail::MailBrand;
pub(crate) use validate::validate;

use self::file::CSS;
use self::palette::Palette;
use crate::config::{App, Config, SignInOrder};
use crate::error::Result;

/// The name, the logo, the colours and the languages of the app, as pages and mails show them. Clones share everything.
#[derive(Clone, Debug)]
pub struct Brand(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    app: App,
    /// The origin of the pages, for addresses in mails.
    origin: String,
    palette: Palette,
    logo: Option<BrandFile>,
    logo_dark: Option<BrandFile>,
    icon: Option<BrandFile>,
    /// The style sheet that sets the accent; without an accent there is none.
    style_sheet: Option<BrandFile>,
    manifest: BrandFile,
}

impl Brand {
    /// Reads the files that the configuration names, and derives the shades of its accent.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a file or an accent that cannot be used.
    pub fn open(config: &Config) -> Result<Self> {
        let app = &config.app;
        let read = |key: &str, path: &Option<PathBuf>| {
            let complain = |told| config.complaint(&format!("app.{key}"), told);
            path.as_ref().map(|path| file::read(key, path).map_err(complain)).transpose()
        };
        let configured = app.accent.as_ref().map(|accent| Palette::of(accent)).transpose();
        let configured = configured.map_err(|told| config.complaint("app.accent", told))?;
        let icon = read("icon", &app.icon)?;
        let accent = configured.map(|palette| palette.light.accent.to_string());
        Ok(Self(Arc::new(Parts {
            app: app.clone(),
            origin: config.public_url.origin().to_owned(),
            palette: configured.unwrap_or_else(Palette::ours),
            logo: read("logo", &app.logo)?,
            logo_dark: read("logo_dark", &app.logo_dark)?,
            style_sheet: configured.map(|palette| BrandFile::new("brand", CSS, palette.style_sheet())),
            manifest: page::manifest(app, icon.as_ref(), accent),
            icon,
        })))
    }

    /// Returns every file, to be served at its path for good.
    pub fn files(&self) -> impl Iterator<Item = &BrandFile> {
        let Parts { logo, logo_dark, icon, style_sheet, manifest, .. } = &*self.0;
        [logo.as_ref(), logo_dark.as_ref(), icon.as_ref(), style_sheet.as_ref(), Some(manifest)]
            .into_iter()
            .flatten()
    }

    /// Returns the name of the app.
    pub fn name(&self) -> &str {
        &self.0.app.name
    }

    /// Returns the logo.
    pub fn logo(&self) -> Option<&BrandFile> {
        self.0.logo.as_ref()
    }

    /// Returns the logo on dark pages, which is the other one where none is configured.
    pub fn logo_dark(&self) -> Option<&BrandFile> {
        self.0.logo_dark.as_ref().or(self.logo())
    }

    /// Returns the icon.
    pub fn icon(&self) -> Option<&BrandFile> {
        self.0.icon.as_ref()
    }

    /// Returns the accent of light pages as `#rrggbb`, where one is configured.
    pub fn accent(&self) -> Option<String> {
        self.0.style_sheet.as_ref().map(|_| self.0.palette.light.accent.to_string())
    }

    fn style_sheet(&self) -> Option<&BrandFile> {
        self.0.style_sheet.as_ref()
    }

    fn manifest(&self) -> &BrandFile {
        &self.0.manifest
    }

    fn palette(&self) -> &Palette {
        &self.0.palette
    }

    fn languages(&self) -> &[String] {
        &self.0.app.languages
    }

    fn order(&self) -> SignInOrder {
        self.0.app.order
    }
}
