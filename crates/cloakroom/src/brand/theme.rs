//! The two themes of the pages, read from their style sheet.

use std::sync::LazyLock;

use super::color::Rgb;

/// The style sheet that gives the pages their colours.
const TOKENS: &str = include_str!("../http/tokens.css");

/// The colours of a theme that the brand's colours must go with.
pub(super) struct Theme {
    /// The backgrounds on which links stand.
    surfaces: Vec<Rgb>,
    /// Our own accent, for pages without a brand.
    pub(super) accent: Rgb,
    /// The colour of text on that accent.
    pub(super) on_accent: Rgb,
}

/// The light theme.
pub(super) static LIGHT: LazyLock<Theme> = LazyLock::new(|| Theme::read("--if-light, "));
/// The dark theme.
pub(super) static DARK: LazyLock<Theme> = LazyLock::new(|| Theme::read("--if-dark, "));

impl Theme {
    /// Reads the theme whose values follow `switch` in the style sheet. A test reads both.
    fn read(switch: &str) -> Self {
        let value = |line: &str| {
            let (_, rest) = line.split_once(switch)?;
            Rgb::parse(rest.split(')').next()?).ok()
        };
        let properties = || {
            TOKENS.lines().filter_map(|line| {
                let (name, _) = line.trim().strip_prefix("--")?.split_once(':')?;
                Some((name, value(line)?))
            })
        };
        let is_surface =
            |name: &str| matches!(name, "page" | "surface" | "sunken" | "raised") || name.ends_with("-bg");
        let named = |wanted| properties().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let surfaces: Vec<Rgb> =
            properties().filter(|(name, _)| is_surface(name)).map(|(_, value)| value).collect();
        match (named("accent"), named("on-accent")) {
            (Some(accent), Some(on_accent)) if surfaces.len() > 2 => Self { surfaces, accent, on_accent },
            _ => unreachable!("tokens.css has the colours of both themes"),
        }
    }

    /// Returns the least contrast of a colour with a background of this theme.
    pub(super) fn contrast(&self, color: Rgb) -> f32 {
        self.surfaces.iter().map(|surface| surface.contrast(color)).fold(f32::INFINITY, f32::min)
    }
}
