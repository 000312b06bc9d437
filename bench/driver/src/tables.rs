//! Figures as Markdown tables, which a terminal shows as well.

use std::fmt::Write as _;

use crate::results::{Circumstances, Results};
use crate::statistics::Spread;

/// A figure with as many digits as mean something.
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// A median, with the least and the greatest round.
fn spread(spread: Spread) -> String {
    format!("**{}** ({}–{})", short(spread.median), short(spread.minimum), short(spread.maximum))
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Everything that a run has.
pub fn all(results: &Results) -> String {
    let parts = [
        checks(results),
        stored(results),
        logins(results),
        storms(results),
        flood(results),
        crowds(results),
        size(results),
        nodes(results),
        faults(results),
        outbox(results),
        instructions(results),
        soak(results),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// (a)
pub fn checks(results: &Results) -> String {
    if results.checks.is_empty() {
        return String::new();
    }
    let head = [
        "session check",
        "rate, × bare",
        "processor time, × bare",
        "p99, × bare",
        "µs of a core",
        "p50 µs",
        "p99 µs",
        "not in the cache",
    ];
    table(
        &head,
        results.checks.iter().map(|check| {
            let missed =
                check.share_missed.map_or_else(String::new, |share| format!("{:.1} %", share * 100.0));
            vec![
                check.system.clone(),
                spread(check.rate_ratio),
                spread(check.cpu_ratio),
                spread(check.p99_ratio),
                short(check.cpu.median),
                short(check.p50.median),
                short(check.p99.median),
                missed,
            ]
        }),
    )
}

/// (b)
pub fn logins(results: &Results) -> String {
    if results.logins.is_empty() {
        return String::new();
    }
    let head =
        ["login", "rate, × Argon2 by itself", "processor time, × one hash", "a second", "ms of a core"];
    table(
        &head,
        results.logins.iter().map(|login| {
            let (rate, cpu) = (short(login.rate.median), short(login.cpu.median));
            vec![login.system.clone(), spread(login.rate_ratio), spread(login.cpu_ratio), rate, cpu]
        }),
    )
}

/// (c)
pub fn storms(results: &Results) -> String {
    if results.storms.is_empty() {
        return String::new();
    }
    let head = [
        "100 checks a second",
        "calm p50, ms",
        "calm p99",
        "storm p50",
        "storm p99",
        "p50, × calm",
        "p99, × calm",
        "answered",
    ];
    table(
        &head,
        results.storms.iter().map(|storm| {
            vec![
                storm.system.clone(),
                spread(storm.calm_p50),
                spread(storm.calm_p99),
                spread(storm.loaded_p50),
                spread(storm.loaded_p99),
                spread(storm.p50_ratio),
                spread(storm.p99_ratio),
                format!("{:.1} %", storm.answered.median * 100.0),
            ]
        }),
    )
}

/// (c), the flood
pub fn flood(results: &Results) -> String {
    results.flood.as_ref().map_or_else(String::new, |flood| {
        table(
            &["sign-ins at once", "figure"],
            [
                ("sent", flood.sent.to_string()),
                ("signed in", flood.accepted.to_string()),
                ("refused with 503 and `Retry-After`", flood.refused.to_string()),
                ("anything else", flood.other.to_string()),
                ("refused after, median", format!("{} ms", short(flood.refused_p50))),
                ("refused after, slowest", format!("{} ms", short(flood.refused_max))),
                ("sign-ins a second meanwhile, × without a crowd", short(flood.accepted_ratio)),
                ("resident memory before", format!("{} MiB", short(flood.resident_before))),
                ("resident memory at the most", format!("{} MiB", short(flood.resident_peak))),
                (
                    "allowed: idle + 20 MiB a hashing thread + 16 MiB",
                    format!("{} MiB", short(flood.resident_allowed)),
                ),
            ]
            .map(|(name, value)| vec![name.to_owned(), value]),
        )
    })
}

/// (c), honest sign-ins beside a flood
pub fn crowds(results: &Results) -> String {
    if results.crowds.is_empty() {
        return String::new();
    }
    table(
        &["honest sign-ins beside a flood from one network", "connections", "in calm", "beside it", "× calm"],
        results.crowds.iter().map(|crowd| {
            vec![
                crowd.flood.clone(),
                crowd.connections.to_string(),
                format!("{}/s", short(crowd.calm)),
                format!("{}/s", short(crowd.beside)),
                short(crowd.ratio),
            ]
        }),
    )
}

/// (d)
pub fn size(results: &Results) -> String {
    results.size.as_ref().map_or_else(String::new, |size| {
        table(
            &["size and start", "Cloakroom", "bare axum"],
            [
                (
                    format!("start to first answer, SQLite with {} sessions, ms", size.sessions),
                    spread(size.start),
                    spread(size.start_bare),
                ),
                ("idle, MiB".into(), short(size.idle), short(size.idle_bare)),
                ("after 20 000 sessions, MiB".into(), short(size.loaded), String::new()),
                (
                    "for each further cached session, bytes".into(),
                    short(size.bytes_per_session),
                    String::new(),
                ),
                ("after more sessions than the cache holds, MiB".into(), short(size.full), String::new()),
                ("binary with its pages, MB".into(), short(megabytes(size.binary)), String::new()),
                (
                    "login page, its scripts and styles, gzip, KB".into(),
                    short(size.page as f64 / 1e3),
                    String::new(),
                ),
            ]
            .map(|(name, ours, bare)| vec![name, ours, bare]),
        )
    })
}

/// Bytes in the unit that disks are sold in.
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// (e)
pub fn stored(results: &Results) -> String {
    if results.stored.is_empty() {
        return String::new();
    }
    table(
        &["not in the cache", "stored", "rate, × few", "processor time, × few"],
        results.stored.iter().map(|stored| {
            let count = format!("{} against {}", stored.many, stored.few);
            vec![stored.engine.clone(), count, spread(stored.rate_ratio), spread(stored.cpu_ratio)]
        }),
    )
}

/// (f)
pub fn nodes(results: &Results) -> String {
    results.nodes.as_ref().map_or_else(String::new, |nodes| {
        table(
            &["a logout on another node", "figure"],
            [
                ("tries".to_owned(), nodes.tries.to_string()),
                ("honoured after, ms".to_owned(), spread(nodes.heard)),
                (
                    "let through by the node of the logout itself".to_owned(),
                    nodes.let_through_here.to_string(),
                ),
            ]
            .map(|(name, value)| vec![name, value]),
        )
    })
}

/// B13 and L22
pub fn faults(results: &Results) -> String {
    let mut rows = Vec::new();
    if let Some(limiter) = &results.limiter {
        rows.push(vec![
            "200 000 names tried from one network (B13)".to_owned(),
            format!(
                "{} rows of limits; resident {} MiB before, {} MiB after",
                limiter.keys,
                short(limiter.before),
                short(limiter.after)
            ),
        ]);
    }
    if let Some(descriptors) = &results.descriptors {
        let served = if descriptors.served_meanwhile { "were answered" } else { "were not answered" };
        rows.push(vec![
            format!("{} open files, {} silent connections (L22)", descriptors.most, descriptors.connections),
            format!(
                "those connected before {served}; a new one {} ms after they closed",
                short(descriptors.recovery)
            ),
        ]);
    }
    if rows.is_empty() { String::new() } else { table(&["fault", "outcome"], rows) }
}

/// Mails
pub fn outbox(results: &Results) -> String {
    if results.outbox.is_empty() {
        return String::new();
    }
    let head = [
        "outbox",
        "mails that waited",
        "sent a second",
        "not sent yet when the process was killed",
        "lost",
        "sent twice",
    ];
    table(
        &head,
        results.outbox.iter().map(|outbox| {
            let counts = [outbox.killed_with, outbox.lost, outbox.duplicates].map(|count| count.to_string());
            let mut row = vec![outbox.engine.clone(), outbox.mails.to_string(), short(outbox.rate)];
            row.extend(counts);
            row
        }),
    )
}

/// The guard
pub fn instructions(results: &Results) -> String {
    if results.instructions.is_empty() {
        return String::new();
    }
    table(
        &["in-process", "instructions", "accepted"],
        results.instructions.iter().map(|count| {
            vec![count.scenario.clone(), format!("{:.0}", count.counted), format!("{:.0}", count.accepted)]
        }),
    )
}

/// L25
pub fn soak(results: &Results) -> String {
    results.soak.as_ref().map_or_else(String::new, |soak| {
        let minutes = soak.seconds / 60.0;
        table(
            &["soak", "growth a minute", "at the end"],
            [
                (
                    "resident memory",
                    format!("{} KiB", short(soak.resident_slope)),
                    format!("{} MiB", short(soak.resident)),
                ),
                ("open descriptors", short(soak.descriptor_slope), soak.descriptors.to_string()),
                (
                    "database with its log",
                    format!("{} KiB", short(soak.database_slope)),
                    format!("{} KiB", short(soak.database)),
                ),
                (
                    "requests",
                    format!("{} a second for {} minutes", short(soak.rate), short(minutes)),
                    format!("{} not as expected", soak.unexpected),
                ),
            ]
            .map(|(name, slope, end)| vec![name.to_owned(), slope, end]),
        )
    })
}

/// Where
pub fn machine(circumstances: &Circumstances) -> String {
    let Circumstances { processor, cores, memory_mib, kernel, .. } = circumstances;
    format!("{processor}, {cores} cores, {:.0} GiB of memory, Linux {kernel}", memory_mib / 1024.0)
}

/// With what
pub fn versions(runs: &[Option<&Results>]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (name, version) in runs.iter().flatten().flat_map(|run| &run.circumstances.versions) {
        let line = format!("- {name}: {version}\n");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}

/// When
pub fn taken(runs: &[(&str, Option<&Results>)]) -> String {
    table(
        &["command", "date", "commit", "measured for", "load before"],
        runs.iter().filter_map(|(command, run)| {
            let circumstances = &(*run)?.circumstances;
            let minutes = format!("{:.1} min", circumstances.seconds / 60.0);
            Some(vec![
                format!("`{command}`"),
                circumstances.date.clone(),
                circumstances.commit.clone(),
                minutes,
                circumstances.load.clone(),
            ])
        }),
    )
}
