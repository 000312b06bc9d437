//! The brand in a mail, where every address is a whole one.

use serde::Serialize;

use super::palette::Shades;
use super::{Brand, BrandFile};

/// The parts of the brand that a mail shows.
#[derive(Debug, Serialize)]
pub(crate) struct MailBrand<'a> {
    pub(crate) name: &'a str,
    /// The URL of the logo, where mail programs show it: of a PNG only.
    pub(crate) logo: Option<String>,
    /// The URL of the logo for dark mails; without one, `logo` is for both.
    pub(crate) logo_dark: Option<String>,
    pub(crate) light: MailColors,
    pub(crate) dark: MailColors,
    /// The target of the link to help: `mailto:…` or a URL.
    pub(crate) support: Option<String>,
    pub(crate) terms: Option<String>,
    pub(crate) privacy: Option<String>,
}

/// The colours of a button in one theme, as `#rrggbb`. The accent is the colour of links as well.
#[derive(Debug, Serialize)]
pub(crate) struct MailColors {
    pub(crate) accent: String,
    pub(crate) on_accent: String,
}

impl From<Shades> for MailColors {
    fn from(shades: Shades) -> Self {
        Self { accent: shades.accent.to_string(), on_accent: shades.on_accent.to_string() }
    }
}

impl Brand {
    /// Returns the parts that a mail shows.
    pub(crate) fn in_mail(&self) -> MailBrand<'_> {
        let app = &self.0.app;
        let whole = |link: &String| match link.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.0.origin),
            None if link.contains('@') && !link.contains("://") => format!("mailto:{link}"),
            None => link.clone(),
        };
        let shown = |file: Option<&BrandFile>| {
            file.filter(|file| file.is_png()).map(|file| format!("{}{}", self.0.origin, file.path()))
        };
        MailBrand {
            name: self.name(),
            logo: shown(self.logo()),
            logo_dark: shown(self.logo_dark()),
            light: self.0.palette.light.into(),
            dark: self.0.palette.dark.into(),
            support: app.support.as_ref().map(whole),
            terms: app.terms.as_ref().map(whole),
            privacy: app.privacy.as_ref().map(whole),
        }
    }
}
