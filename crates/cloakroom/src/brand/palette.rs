//! The accent in both themes: its shades, and the text on it.
//!
//! The accent is the background of buttons and the colour of links. Light pages show the one that is configured. Dark pages show
//! it, too, where its contrast suffices; otherwise a shade of the same hue that is just light enough.

use std::fmt::Write as _;

use super::color::Rgb;
use super::theme::{DARK, LIGHT, Theme};

/// The contrast that text needs (WCAG 2.2, success criterion 1.4.3).
const ENOUGH: f32 = 4.5;
/// The difference in lightness between two shades that are tried.
const STEP: f32 = 0.002;
/// The difference in lightness between the accent, its shade under the pointer, and its shade while pressed.
const SHIFT: f32 = 0.06;

/// The accent in both themes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    pub(super) light: Shades,
    pub(super) dark: Shades,
}

/// The accent in one theme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shades {
    pub(super) accent: Rgb,
    hover: Rgb,
    active: Rgb,
    /// The colour of text on the accent.
    pub(super) on_accent: Rgb,
}

/// The direction in which lightness changes.
#[derive(Clone, Copy, PartialEq)]
enum Towards {
    Dark,
    Light,
}

impl Palette {
    /// Derives the shades of an accent.
    ///
    /// # Errors
    /// A complaint about text that is no colour, and about a colour that cannot be read on light pages, with the nearest that
    /// can.
    pub(super) fn of(accent: &str) -> Result<Self, String> {
        let color = Rgb::parse(accent)?;
        if !fits(color, &LIGHT) {
            let nearest = nearest(color, &LIGHT, Towards::Dark);
            return Err(format!(
                "`{}` has a contrast of {:.1}:1 with the background of light pages, where links need {ENOUGH}:1; \
                 the nearest colour that has it is `{nearest}`",
                accent.escape_debug(),
                LIGHT.contrast(color)
            ));
        }
        let in_dark = if fits(color, &DARK) { color } else { nearest(color, &DARK, Towards::Light) };
        Ok(Self {
            light: Shades::of(color, &LIGHT, Towards::Dark),
            dark: Shades::of(in_dark, &DARK, Towards::Light),
        })
    }

    /// Returns the accent of pages without a brand.
    pub(super) fn ours() -> Self {
        Self {
            light: Shades::of(LIGHT.accent, &LIGHT, Towards::Dark),
            dark: Shades::of(DARK.accent, &DARK, Towards::Light),
        }
    }

    /// Writes the custom properties of `tokens.css` that the accent sets. Its switches choose the theme.
    pub(super) fn style_sheet(&self) -> String {
        let Self { light, dark } = self;
        let mut css = String::from(":root {\n");
        for (property, light, dark) in [
            ("accent", light.accent, dark.accent),
            ("accent-hover", light.hover, dark.hover),
            ("accent-active", light.active, dark.active),
            ("on-accent", light.on_accent, dark.on_accent),
            ("focus", light.accent, dark.hover),
        ] {
            let _ = writeln!(css, "  --{property}: var(--if-light, {light}) var(--if-dark, {dark});");
        }
        css.push_str("}\n");
        css
    }
}

impl Shades {
    fn of(accent: Rgb, theme: &Theme, towards: Towards) -> Self {
        let on_accent = text_on(accent);
        let [lightness, ..] = accent.oklch();
        // Near the end of the scale there is no room for two more shades.
        let room = match towards {
            Towards::Dark => lightness - 3.0 * SHIFT,
            Towards::Light => 1.0 - lightness - 2.0 * SHIFT,
        };
        let shift = if (towards == Towards::Light) == (room > 0.0) { SHIFT } else { -SHIFT };
        let shade = |steps: f32| {
            let [lightness, chroma, hue] = accent.oklch();
            Rgb::from_oklch([lightness + steps * shift, chroma, hue])
        };
        debug_assert!(fits(shade(1.0), theme) && fits(shade(2.0), theme), "{accent}");
        Self { accent, hover: shade(1.0), active: shade(2.0), on_accent }
    }

    /// Returns the contrast of the accent with the text on it.
    pub(super) fn contrast_of_text(&self) -> f32 {
        self.accent.contrast(self.on_accent)
    }
}

/// Tells whether the colour can be read on each background of the theme, and text on it can be read as well.
fn fits(color: Rgb, theme: &Theme) -> bool {
    theme.contrast(color) >= ENOUGH && color.contrast(text_on(color)) >= ENOUGH
}

/// Returns white or nearly black, whichever has more contrast.
fn text_on(background: Rgb) -> Rgb {
    let (light, dark) = (Rgb::WHITE, DARK.on_accent);
    if background.contrast(light) >= background.contrast(dark) { light } else { dark }
}

/// Returns the colour of the same hue that fits the theme and differs least.
fn nearest(color: Rgb, theme: &Theme, towards: Towards) -> Rgb {
    let [mut lightness, chroma, hue] = color.oklch();
    let step = if towards == Towards::Dark { -STEP } else { STEP };
    while (0.0..=1.0).contains(&lightness) {
        let shade = Rgb::from_oklch([lightness, chroma, hue]);
        if fits(shade, theme) {
            return shade;
        }
        lightness += step;
    }
    theme.accent
}
