//! `app.accent`: which colours are taken, and what pages make of them.

use cloakroom::{Brand, Config};

use super::{LEAST, Place};

/// The backgrounds of the pages, by theme: cards and the page itself.
const LIGHT: [u32; 2] = [0xff_ff_ff, 0xf6_f7_f9];
const DARK: [u32; 2] = [0x17_1c_23, 0x0f_13_18];

fn load(accent: &str) -> Result<Config, String> {
    Place::new(&format!("{LEAST}accent = {accent:?}")).load()
}

/// Returns the two values of each property in the style sheet: on light pages and on dark ones.
fn properties(config: &Config) -> Vec<(String, [u32; 2])> {
    let brand = Brand::open(config).unwrap();
    let style =
        brand.files().find(|file| file.content_type().starts_with("text/css")).expect("a style sheet");
    let css = String::from_utf8(style.bytes().to_vec()).unwrap();
    let color = |text: &str| u32::from_str_radix(text, 16).unwrap();
    css.lines()
        .filter_map(|line| {
            let (name, values) = line.trim().strip_prefix("--")?.split_once(':')?;
            let mut values = values.split('#').skip(1).map(|value| color(&value[..6]));
            Some((name.to_owned(), [values.next()?, values.next()?]))
        })
        .collect()
}

fn property(config: &Config, name: &str) -> [u32; 2] {
    properties(config).into_iter().find(|(known, _)| known == name).unwrap().1
}

/// Computes the contrast as WCAG 2.2 defines it.
fn contrast(one: u32, two: u32) -> f64 {
    let luminance = |color: u32| {
        let channel = |shift: u32| {
            let value = f64::from((color >> shift) & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    };
    let (one, two) = (luminance(one), luminance(two));
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

/// Asserts that links and buttons of this accent can be read in both themes, also under the pointer and pressed.
fn assert_readable(config: &Config, accent: &str) {
    for (theme, surfaces) in [(0, LIGHT), (1, DARK)] {
        let text = property(config, "on-accent")[theme];
        for name in ["accent", "accent-hover", "accent-active"] {
            let shade = property(config, name)[theme];
            let least = surfaces.map(|surface| contrast(shade, surface)).into_iter().fold(f64::MAX, f64::min);
            assert!(least >= 4.5, "{accent}: --{name} {shade:06x} has {least}:1 in theme {theme}");
            assert!(contrast(shade, text) >= 4.5, "{accent}: text on --{name} {shade:06x} in theme {theme}");
        }
        let focus = property(config, "focus")[theme];
        assert!(
            surfaces.iter().all(|surface| contrast(focus, *surface) >= 3.0),
            "{accent}: --focus {focus:06x}"
        );
    }
}

#[test]
fn light_pages_show_the_accent_as_it_is_in_every_notation() {
    for (accent, expected) in [
        ("#7a3cff", 0x7a_3c_ff),
        ("#7A3CFF", 0x7a_3c_ff),
        ("#00f", 0x00_00_ff),
        ("rebeccapurple", 0x66_33_99),
        ("rgb(122, 60, 255)", 0x7a_3c_ff),
        ("rgb(48% 24% 100%)", 0x7a_3d_ff),
        ("hsl(210 100% 35%)", 0x00_59_b3),
        ("hwb(210 0% 30%)", 0x00_59_b3),
        ("black", 0x00_00_00),
        ("  #7a3cff ", 0x7a_3c_ff),
    ] {
        let config = load(accent).unwrap();
        assert_eq!(property(&config, "accent")[0], expected, "{accent}");
        assert_readable(&config, accent);
    }
    for accent in
        ["oklch(52% 0.25 290)", "lab(40% 50 -60)", "color(display-p3 0.4 0.2 0.9)", "oklch(40% 0.4 150)"]
    {
        assert_readable(&load(accent).unwrap(), accent);
    }
}

#[test]
fn dark_pages_show_a_lighter_shade_where_they_need_one() {
    let [light, dark] = property(&load("#7a3cff").unwrap(), "accent");
    assert_ne!(light, dark);
    let channels = [16, 8, 0].map(|shift| (dark >> shift) & 0xff);
    assert!(channels[2] > channels[0] && channels[0] > channels[1], "still purple: {dark:06x}");
}

#[test]
fn an_accent_without_contrast_is_refused_with_the_nearest_that_has_it() {
    for accent in ["#ffcc00", "white", "hsl(141 73% 42%)", "#767676"] {
        let complaint = load(accent).unwrap_err();
        let told = format!("cloakroom.toml:9:1: `app.accent`: `{accent}` has a contrast of ");
        assert!(complaint.starts_with(&told), "{complaint}");
        let rest = ":1 with the background of light pages, where links need 4.5:1; the nearest colour that has it is `#";
        assert!(complaint.contains(rest), "{complaint}");
        let nearest = complaint.rsplit('`').nth(1).unwrap();
        assert_readable(&load(nearest).unwrap(), nearest);
    }
}

#[test]
fn every_colour_is_taken_and_readable_or_refused_with_one_that_is() {
    let scale = [0x00, 0x22, 0x44, 0x66, 0x88, 0xaa, 0xcc, 0xff];
    let mut taken = 0;
    for red in scale {
        for green in scale {
            for blue in scale {
                let accent = format!("#{red:02x}{green:02x}{blue:02x}");
                let mut config = Config::default();
                config.app.accent = Some(accent.clone());
                if let Err(complaint) = Brand::open(&config) {
                    let complaint = complaint.to_string();
                    config.app.accent = complaint.rsplit('`').nth(1).map(str::to_owned);
                } else {
                    taken += 1;
                }
                assert_readable(&config, &accent);
            }
        }
    }
    assert!((100..400).contains(&taken), "{taken} of 512");
}

#[test]
fn what_is_no_opaque_colour_is_refused() {
    for (accent, told) in [
        ("", "`` is no colour: write it as in CSS, `#7a3cff`, `rebeccapurple` or `oklch(52% 0.25 290)`"),
        ("7a3cff", "`7a3cff` is no colour"),
        ("#7a3cf", "`#7a3cf` is no colour"),
        ("purpel", "`purpel` is no colour"),
        ("currentcolor", "`currentcolor` is no colour"),
        ("var(--brand)", "`var(--brand)` is no colour"),
        ("#000;}body{display:none", "`#000;}body{display:none` is no colour"),
        ("rgb(1e39 0 0)", "`rgb(1e39 0 0)`"),
        ("transparent", "`transparent` can be seen through: name a colour without alpha"),
        ("#7a3cff80", "`#7a3cff80` can be seen through"),
        ("rgb(0 0 0 / 50%)", "`rgb(0 0 0 / 50%)` can be seen through"),
    ] {
        let complaint = load(accent).unwrap_err();
        assert!(
            complaint.starts_with(&format!("cloakroom.toml:9:1: `app.accent`: {told}")),
            "{accent}: {complaint}"
        );
    }
}
