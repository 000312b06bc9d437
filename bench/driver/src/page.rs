//! docs/performance.md and its pictures, from the figures in `bench/results/` and the words in `bench/page.md`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chart::{Bar, Chart, Scale};
use crate::process::Result;
use crate::results::Results;
use crate::{tables, targets};

/// The figures of all commands, as far as they were run.
#[derive(Default)]
pub struct Figures {
    /// Of `make bench`.
    pub bench: Results,
    /// Of `make bench-peers`.
    pub peers: Option<Results>,
    /// Of `make bench-soak`.
    pub soak: Option<Results>,
}

/// The repository.
pub fn root() -> Result<PathBuf> {
    Ok(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?)
}

/// All tables of one run, for the terminal.
pub fn tables(results: &Results) -> String {
    tables::all(results)
}

/// Writes the page and its pictures.
pub fn write() -> Result<()> {
    let root = root()?;
    let directory = root.join("bench/results");
    let figures = Figures {
        bench: read(&directory.join("bench.json"))?.unwrap_or_default(),
        peers: read(&directory.join("peers.json"))?,
        soak: read(&directory.join("soak.json"))?,
    };
    // Read now, not when the driver was built: who writes a reason wants to see it.
    let reasons = serde_json::from_str(&fs::read_to_string(root.join("bench/reasons.json"))?)?;
    let missed = targets::missed(&figures, &reasons)?;
    let mut page = fs::read_to_string(root.join("bench/page.md"))?;
    for (name, text) in parts(&figures, missed) {
        page = page.replace(&format!("{{{{{name}}}}}"), text.trim_end());
    }
    if let Some(left) = page.split("{{").nth(1) {
        return Err(format!(
            "bench/page.md asks for {}, which there is not",
            left.split("}}").next().unwrap_or(left)
        )
        .into());
    }
    fs::write(root.join("docs/performance.md"), page)?;
    let pictures = root.join("docs/performance");
    fs::create_dir_all(&pictures)?;
    for (name, chart) in charts(&figures) {
        fs::write(pictures.join(format!("{name}.svg")), chart.draw())?;
    }
    eprintln!("docs/performance.md and its pictures are written.");
    Ok(())
}

fn read(path: &Path) -> Result<Option<Results>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(serde_json::from_str(&text)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What stands in the template's places.
fn parts(figures: &Figures, missed: String) -> Vec<(&'static str, String)> {
    let Figures { bench, peers, soak } = figures;
    let of_peers = |table: fn(&Results) -> String| match peers {
        Some(peers) => table(peers),
        None => "`make bench-peers` has not been run yet.\n".to_owned(),
    };
    vec![
        ("targets", targets::table(figures)),
        ("missed", missed),
        ("checks", tables::checks(bench)),
        ("logins", tables::logins(bench)),
        ("storms", tables::storms(bench)),
        ("flood", tables::flood(bench)),
        ("crowds", tables::crowds(bench)),
        ("size", tables::size(bench)),
        ("stored", tables::stored(bench)),
        ("nodes", tables::nodes(bench)),
        ("faults", tables::faults(bench)),
        ("outbox", tables::outbox(bench)),
        ("instructions", tables::instructions(bench)),
        (
            "soak",
            soak.as_ref().map_or_else(|| "`make bench-soak` has not been run yet.\n".into(), tables::soak),
        ),
        ("peers_checks", of_peers(tables::checks)),
        ("peers_logins", of_peers(tables::logins)),
        ("peers_storms", of_peers(tables::storms)),
        ("machine", tables::machine(&bench.circumstances)),
        ("versions", tables::versions(&[Some(bench), peers.as_ref()])),
        (
            "taken",
            tables::taken(&[
                ("make bench", Some(bench)),
                ("make bench-peers", peers.as_ref()),
                ("make bench-soak", soak.as_ref()),
            ]),
        ),
    ]
}

fn charts(figures: &Figures) -> Vec<(&'static str, Chart<'static>)> {
    // The run of the other systems first: what is compared was measured together.
    let both = || [figures.peers.as_ref(), Some(&figures.bench)].into_iter().flatten();
    // Ours stands in both runs: once is enough. The bare handler and Argon2 by itself are the unit.
    let mut checks: Vec<Bar> = Vec::new();
    let mut logins: Vec<Bar> = Vec::new();
    let mut storms: Vec<Bar> = Vec::new();
    for results in both() {
        for check in &results.checks {
            let ratio = check.cpu_ratio.median;
            add(&mut checks, &check.system, ratio, format!("{} × bare", tables::short(ratio)));
        }
        for login in &results.logins {
            let share = login.rate_ratio.median;
            add(&mut logins, &login.system, share, format!("{:.0} %", share * 100.0));
        }
        for storm in &results.storms {
            let (p99, answered) = (storm.loaded_p99.median, storm.answered.median * 100.0);
            let lost = if answered < 99.5 { format!(", {answered:.0} % answered") } else { String::new() };
            add(&mut storms, &storm.system, p99, format!("{} ms{lost}", tables::short(p99)));
        }
    }
    checks.sort_by(|one, other| one.value.total_cmp(&other.value));
    logins.sort_by(|one, other| other.value.total_cmp(&one.value));
    storms.sort_by(|one, other| one.value.total_cmp(&other.value));
    vec![
        (
            "session-check",
            Chart {
                title: "What it costs to know who somebody is",
                subtitle: "processor time of a session check, in that of a handler that does nothing; logarithmic, less is better",
                scale: Scale::Logarithmic,
                bars: checks,
            },
        ),
        (
            "login",
            Chart {
                title: "How much of the machine a login uses well",
                subtitle: "logins a second, in Argon2id hashes a second on all cores; more is better",
                scale: Scale::Linear,
                bars: logins,
            },
        ),
        (
            "storm",
            Chart {
                title: "What the signed-in notice while others sign in",
                subtitle: "one check in a hundred takes longer, while 32 clients sign in; logarithmic, less is better",
                scale: Scale::Logarithmic,
                bars: storms,
            },
        ),
    ]
}

/// Adds a bar, unless that of another run is there.
fn add(bars: &mut Vec<Bar>, system: &str, value: f64, text: String) {
    let is_same = |bar: &Bar| {
        bar.label == system || (bar.label == "Cloakroom" && system.starts_with("Cloakroom, cached"))
    };
    if !bars.iter().any(is_same) {
        bars.push(Bar { label: system.to_owned(), value, text });
    }
}
