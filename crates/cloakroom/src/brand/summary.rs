//! The colours, contrasts and files of a brand, as `cloakroom check` shows them.

use std::fmt::Write as _;

use super::Brand;
use super::theme::{DARK, LIGHT};

impl Brand {
    /// Tells what the brand came to, as comments in TOML: the accent in each theme with its contrasts, and the files.
    pub fn summary(&self) -> String {
        let mut text = String::from("# The brand\n");
        let palette = self.palette();
        if self.style_sheet().is_some() {
            for (name, shades, theme) in [("light", palette.light, &*LIGHT), ("dark", palette.dark, &*DARK)] {
                let _ = writeln!(
                    text,
                    "# accent on {name} pages: {}, {:.1}:1 as a link; its text is {}, {:.1}:1",
                    shades.accent,
                    theme.contrast(shades.accent),
                    shades.on_accent,
                    shades.contrast_of_text()
                );
            }
        } else {
            text.push_str("# accent: ours\n");
        }
        let files = [
            ("logo", self.logo()),
            ("logo on dark pages", self.logo_dark()),
            ("icon", self.icon()),
            ("style sheet", self.style_sheet()),
            ("manifest", Some(self.manifest())),
        ];
        for (name, file) in files {
            let _ = match file {
                Some(file) => writeln!(text, "# {name}: {} ({} bytes)", file.path(), file.bytes().len()),
                None => writeln!(text, "# {name}: none"),
            };
        }
        let _ = writeln!(text, "# languages: {}", self.languages().join(", "));
        text
    }
}
