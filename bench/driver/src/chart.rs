//! Bar charts as SVG, for light and dark pages and for screen readers.

use std::fmt::Write as _;

/// The drawing's width, and where bars begin and end.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 570.0;
/// Between two bars, and above the first.
const STEP: f64 = 30.0;
const TOP: f64 = 58.0;

/// How a value becomes a length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Twice the value, twice the length.
    Linear,
    /// Ten times the value, one step more: for systems that are worlds apart.
    Logarithmic,
}

/// One bar.
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Its value.
    pub value: f64,
    /// The value in words.
    pub text: String,
}

/// A chart.
pub struct Chart<'a> {
    /// What it shows.
    pub title: &'a str,
    /// How to read it.
    pub subtitle: &'a str,
    /// How lengths are to be read.
    pub scale: Scale,
    /// The bars from top to bottom; those whose label begins with `Cloakroom` stand out.
    pub bars: Vec<Bar>,
}

impl Chart<'_> {
    /// The file's text.
    pub fn draw(&self) -> String {
        let height = TOP + STEP * self.bars.len() as f64 + 12.0;
        let words: Vec<_> = self.bars.iter().map(|bar| format!("{}: {}", bar.label, bar.text)).collect();
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title description">
<title id="title">{title}</title>
<desc id="description">{subtitle}. {words}.</desc>
<style>
text {{ font: 14px system-ui, sans-serif; fill: #1f2328 }}
.head {{ font-size: 17px; font-weight: 600 }}
.note {{ fill: #59636e }}
.value {{ font-weight: 600 }}
.ours {{ fill: #0b6e4f }}
.other {{ fill: #98a2ad }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }}
.note {{ fill: #9198a1 }}
.ours {{ fill: #3fb68b }}
.other {{ fill: #6a737d }}
}}
</style>
<text class="head" x="8" y="22">{title}</text>
<text class="note" x="8" y="42">{subtitle}</text>
"#,
            title = escape(self.title),
            subtitle = escape(self.subtitle),
            words = escape(&words.join("; ")),
        );
        for (index, bar) in self.bars.iter().enumerate() {
            self.draw_bar(&mut svg, index, bar);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_bar(&self, svg: &mut String, index: usize, bar: &Bar) {
        let y = TOP + STEP * index as f64;
        let width = self.share(bar.value) * (RIGHT - LEFT);
        let class = if bar.label.starts_with("Cloakroom") { "ours" } else { "other" };
        let _ = write!(
            svg,
            r#"<text x="{label_x}" y="{text_y}" text-anchor="end">{label}</text>
<rect class="{class}" x="{LEFT}" y="{y}" width="{width:.1}" height="20" rx="2"/>
<text class="value" x="{value_x:.1}" y="{text_y}">{text}</text>
"#,
            label_x = LEFT - 10.0,
            text_y = y + 15.0,
            label = escape(&bar.label),
            value_x = LEFT + width + 8.0,
            text = escape(&bar.text),
        );
    }

    /// The part of the full length that a value gets.
    fn share(&self, value: f64) -> f64 {
        let values = self.bars.iter().map(|bar| bar.value).filter(|value| *value > 0.0);
        let greatest = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        match self.scale {
            Scale::Linear => value / greatest,
            Scale::Logarithmic => {
                // The least value still has a bar to see.
                let floor = values.fold(greatest, f64::min) / 1.5;
                ((value / floor).ln() / (greatest / floor).ln()).clamp(0.0, 1.0)
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(scale: Scale) -> Chart<'static> {
        let bar = |label: &str, value| Bar { label: label.into(), value, text: format!("{value} <ms>") };
        Chart {
            title: "A & B",
            subtitle: "less is better",
            scale,
            bars: vec![bar("Cloakroom", 1.0), bar("other", 100.0)],
        }
    }

    #[test]
    fn what_is_drawn_is_told_to_those_who_do_not_see_it() {
        let svg = chart(Scale::Linear).draw();
        assert!(svg.contains(
            "<desc id=\"description\">less is better. Cloakroom: 1 &lt;ms&gt;; other: 100 &lt;ms&gt;.</desc>"
        ));
        assert!(svg.contains("A &amp; B"));
    }

    #[test]
    fn a_logarithmic_bar_is_seen_and_the_greatest_is_full() {
        let chart = chart(Scale::Logarithmic);
        assert!(chart.share(1.0) > 0.05);
        assert!((chart.share(100.0) - 1.0).abs() < 1e-9);
    }
}
