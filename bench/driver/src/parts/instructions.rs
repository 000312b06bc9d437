//! The guard against slipping: instructions of a request, counted by callgrind, which a busy machine does not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tokio::process::Command;

use crate::parts::progress;
use crate::process::Result;
use crate::results::Instructions;

/// What is counted: the names of the functions of `bench/instructions` and what they do.
const SCENARIOS: [(&str, &str); 2] = [
    ("session_checks", "session check through the router and its layer"),
    ("lookups", "the person behind a ticket, without the router"),
];
/// How far a count may be from the accepted one.
const TOLERANCE: f64 = 0.03;

/// Counts all scenarios and compares them with the committed figures.
///
/// # Errors
/// When a count is out of tolerance, unless `is_accepted`: then the counts become the committed figures.
pub async fn measure(
    root: &Path,
    program: &Path,
    scratch: &Path,
    is_accepted: bool,
) -> Result<Vec<Instructions>> {
    let file = root.join("bench/instructions.json");
    let accepted: BTreeMap<String, f64> = match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => BTreeMap::new(),
    };
    let mut counts = Vec::new();
    for (function, scenario) in SCENARIOS {
        let counted = count(program, function, scratch).await?.round();
        let accepted = if is_accepted { counted } else { accepted.get(function).copied().unwrap_or(0.0) };
        progress("instructions", &format!("{scenario}: {counted:.0}, accepted are {accepted:.0}"));
        counts.push(Instructions { scenario: scenario.to_owned(), counted, accepted });
    }
    if is_accepted {
        let figures: BTreeMap<_, _> =
            SCENARIOS.iter().zip(&counts).map(|((function, _), count)| (*function, count.counted)).collect();
        fs::write(&file, format!("{}\n", serde_json::to_string_pretty(&figures)?))?;
    }
    Ok(counts)
}

/// What to say of counts that are out of tolerance; `None` when there are none.
pub fn verdict(counts: &[Instructions]) -> Option<String> {
    let slipped: Vec<_> = counts
        .iter()
        .filter(|count| (count.counted / count.accepted - 1.0).abs() > TOLERANCE || count.accepted <= 0.0)
        .map(|count| {
            format!(
                "{}: {:.0} instructions, accepted are {:.0}",
                count.scenario, count.counted, count.accepted
            )
        })
        .collect();
    (!slipped.is_empty()).then(|| {
        format!(
            "{}\nThat is more than {:.0} % away. If the change is worth it: make bench-accept, and commit bench/instructions.json.",
            slipped.join("\n"),
            TOLERANCE * 100.0
        )
    })
}

/// Instructions of one run of `function`, for each of its rounds.
async fn count(program: &Path, function: &str, scratch: &Path) -> Result<f64> {
    let profile = scratch.join(format!("callgrind.{function}"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .arg(function)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rounds: f64 = text.trim().parse().map_err(|_| {
        format!("the instructions program failed: {text}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    let profile = fs::read_to_string(&profile)?;
    let total =
        profile.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind wrote no total")?;
    Ok(total.trim().parse::<f64>()? / rounds)
}
