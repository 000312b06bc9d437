//! Colours: read as CSS writes them, compared by WCAG, shifted in OKLCH.

use std::fmt;

use color::{AlphaColor, ColorSpace, Oklch, OpaqueColor, Rgba8, Srgb};

/// The lightness, the chroma and the hue of a colour in OKLCH (CSS Color Level 4, section 9.3).
pub(super) type Components = [f32; 3];

/// The distance by which a component may miss its range: conversions round.
const ROUNDING: f32 = 1e-4;

/// The steps in which chroma is halved until a screen can show the colour.
const HALVINGS: usize = 16;

/// A colour that every screen can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb([u8; 3]);

impl Rgb {
    pub(super) const WHITE: Self = Self([255; 3]);

    /// Reads a CSS colour. One that only wide-gamut screens can show becomes the closest of the same hue and lightness.
    ///
    /// # Errors
    /// A complaint about text that is no colour, and about a colour that one can see through.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let unread = || {
            let text = text.escape_debug();
            format!(
                "`{text}` is no colour: write it as in CSS, `#7a3cff`, `rebeccapurple` or `oklch(52% 0.25 290)`"
            )
        };
        let color = color::parse_color(text).map_err(|_| unread())?;
        let color: AlphaColor<Srgb> = color.to_alpha_color();
        if !color.components.iter().all(|component| component.is_finite()) {
            return Err(unread());
        }
        let (color, alpha) = color.split();
        if alpha < 1.0 {
            return Err(format!(
                "`{}` can be seen through: name a colour without alpha",
                text.escape_debug()
            ));
        }
        Ok(if is_shown(color) { color.into() } else { Self::from_oklch(color.convert::<Oklch>().components) })
    }

    /// Returns the colour with these components, with less chroma where a screen could not show it.
    pub(super) fn from_oklch([lightness, chroma, hue]: Components) -> Self {
        let lightness = lightness.clamp(0.0, 1.0);
        let with = |chroma| OpaqueColor::<Oklch>::new([lightness, chroma, hue]).convert::<Srgb>();
        if is_shown(with(chroma)) {
            return with(chroma).into();
        }
        let (mut shown, mut too_much) = (0.0, chroma);
        for _ in 0..HALVINGS {
            let between = f32::midpoint(shown, too_much);
            if is_shown(with(between)) {
                shown = between;
            } else {
                too_much = between;
            }
        }
        with(shown).into()
    }

    pub(super) fn oklch(self) -> Components {
        self.as_color().convert::<Oklch>().components
    }

    /// Returns the contrast, from 1 to 21 (WCAG 2.2, "contrast ratio").
    pub(super) fn contrast(self, other: Self) -> f32 {
        let (one, two) = (self.as_color().relative_luminance(), other.as_color().relative_luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn as_color(self) -> OpaqueColor<Srgb> {
        let Self([red, green, blue]) = self;
        OpaqueColor::from_rgb8(red, green, blue)
    }
}

/// Tells whether an ordinary screen can show the colour.
fn is_shown(color: OpaqueColor<Srgb>) -> bool {
    color.components.iter().all(|component| (-ROUNDING..=1.0 + ROUNDING).contains(component))
}

impl From<OpaqueColor<Srgb>> for Rgb {
    fn from(color: OpaqueColor<Srgb>) -> Self {
        let clipped = OpaqueColor::new(Srgb::clip(color.components));
        let Rgba8 { r, g, b, .. } = OpaqueColor::<Srgb>::to_rgba8(clipped);
        Self([r, g, b])
    }
}

/// As CSS writes it: `#7a3cff`.
impl fmt::Display for Rgb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}
