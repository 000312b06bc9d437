//! What we set ourselves, whether it is met, and if not, why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::page::Figures;
use crate::process::Result;
use crate::results::{Check, Login, Results, Storm};
use crate::tables::{megabytes, short};

/// A bound that a figure is held to.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A target and what was measured.
struct Target {
    /// Its key in `bench/reasons.json`.
    key: &'static str,
    name: &'static str,
    bound: Bound,
    measured: Option<f64>,
    unit: &'static str,
}

impl Target {
    fn is_met(&self) -> Option<bool> {
        let measured = self.measured?;
        Some(match self.bound {
            Bound::AtMost(most) => measured <= most,
            Bound::AtLeast(least) => measured >= least,
        })
    }

    /// By how much of the bound it is missed.
    fn distance(&self) -> f64 {
        let (Bound::AtMost(bound) | Bound::AtLeast(bound)) = self.bound;
        self.measured.map_or(0.0, |measured| (measured / bound - 1.0).abs() * 100.0)
    }
}

fn check<'a>(results: &'a Results, name: &str) -> Option<&'a Check> {
    results.checks.iter().find(|check| check.system.starts_with(name))
}

fn login<'a>(results: &'a Results, name: &str) -> Option<&'a Login> {
    results.logins.iter().find(|login| login.system.starts_with(name))
}

fn storm<'a>(results: &'a Results, name: &str) -> Option<&'a Storm> {
    results.storms.iter().find(|storm| storm.system.starts_with(name))
}

/// How many times as many checks a second ours answers as another system, in the run of the peers.
fn times(figures: &Figures, other: &str) -> Option<f64> {
    let peers = figures.peers.as_ref()?;
    let fastest = peers.checks.iter().filter(|check| check.system.starts_with(other));
    let fastest = fastest.map(|check| check.rate_ratio.median).reduce(f64::max)?;
    Some(check(peers, "Cloakroom")?.rate_ratio.median / fastest)
}

fn of_checks(figures: &Figures) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let bench = &figures.bench;
    let (hit, hit_postgres) =
        (check(bench, "Cloakroom, cached, SQLite"), check(bench, "Cloakroom, cached, Postgres"));
    let miss = |engine: &str| {
        check(bench, &format!("Cloakroom, not cached, {engine}")).map(|check| check.rate_ratio.median)
    };
    let stored = |engine: &str| {
        bench.stored.iter().find(|stored| stored.engine == engine).map(|stored| stored.rate_ratio.median)
    };
    let target = |key, name, bound, measured, unit| Target { key, name, bound, measured, unit };
    vec![
        target(
            "hit_cpu",
            "cached check, SQLite: processor time",
            AtMost(1.2),
            hit.map(|hit| hit.cpu_ratio.median),
            "× bare",
        ),
        target(
            "hit_cpu",
            "cached check, Postgres: processor time",
            AtMost(1.2),
            hit_postgres.map(|hit| hit.cpu_ratio.median),
            "× bare",
        ),
        target(
            "hit_rate",
            "cached check: rate",
            AtLeast(0.85),
            hit.map(|hit| hit.rate_ratio.median),
            "× bare",
        ),
        target("hit_p99", "cached check: p99", AtMost(1.2), hit.map(|hit| hit.p99_ratio.median), "× bare"),
        target(
            "miss_sqlite",
            "check that is not cached, SQLite: rate",
            AtLeast(0.11),
            miss("SQLite"),
            "× bare",
        ),
        target(
            "miss_postgres",
            "check that is not cached, Postgres: rate",
            AtLeast(0.11),
            miss("Postgres"),
            "× bare",
        ),
        target(
            "stored_sqlite",
            "1 M sessions stored against 1 k, SQLite: rate",
            AtLeast(0.9),
            stored("SQLite"),
            "×",
        ),
        target(
            "stored_postgres",
            "1 M sessions stored against 1 k, Postgres: rate",
            AtLeast(0.9),
            stored("Postgres"),
            "×",
        ),
        target(
            "axum_login",
            "cached check, axum-login with moka: rate",
            AtLeast(5.0),
            times(figures, "axum-login, SQLite and moka"),
            "× theirs",
        ),
        target(
            "better_auth",
            "cached check, better-auth: rate",
            AtLeast(100.0),
            times(figures, "better-auth"),
            "× theirs",
        ),
        target("django", "cached check, Django: rate", AtLeast(150.0), times(figures, "Django"), "× theirs"),
    ]
}

fn of_logins(figures: &Figures) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let bench = &figures.bench;
    let (login, storm, flood) = (login(bench, "Cloakroom"), storm(bench, "Cloakroom"), bench.flood.as_ref());
    let target = |key, name, bound, measured, unit| Target { key, name, bound, measured, unit };
    let allowed = flood.map_or(0.0, |flood| flood.resident_allowed);
    vec![
        target(
            "login_rate",
            "login: rate",
            AtLeast(0.95),
            login.map(|login| login.rate_ratio.median),
            "× Argon2 on all cores",
        ),
        target(
            "login_cpu",
            "login: processor time",
            AtMost(1.05),
            login.map(|login| login.cpu_ratio.median),
            "× one hash",
        ),
        target(
            "storm_p50",
            "checks in a storm of logins: p50",
            AtMost(1.2),
            storm.map(|storm| storm.p50_ratio.median),
            "× calm",
        ),
        target(
            "storm_p99",
            "checks in a storm of logins: p99",
            AtMost(3.0),
            storm.map(|storm| storm.p99_ratio.median),
            "× calm",
        ),
        target(
            "storm_answered",
            "checks in a storm of logins: answered",
            AtLeast(100.0),
            storm.map(|storm| storm.answered.median * 100.0),
            "%",
        ),
        target(
            "flood_refused",
            "logins beyond the queue: slowest refusal",
            AtMost(100.0),
            flood.map(|flood| flood.refused_max),
            "ms",
        ),
        target(
            "flood_other",
            "logins beyond the queue: neither signed in nor refused in order",
            AtMost(0.0),
            flood.map(|flood| flood.other as f64),
            "",
        ),
        target(
            "flood_rate",
            "logins beyond the queue: those accepted, rate",
            AtLeast(0.8),
            flood.map(|flood| flood.accepted_ratio),
            "× without a crowd",
        ),
        target(
            "crowd_rate",
            "honest logins beside a flood from one network: rate",
            AtLeast(0.5),
            bench.crowds.iter().map(|crowd| crowd.ratio).reduce(f64::min),
            "× calm",
        ),
        target(
            "flood_memory",
            "logins beyond the queue: resident memory",
            AtMost(allowed),
            flood.map(|flood| flood.resident_peak),
            "MiB",
        ),
    ]
}

fn of_size(figures: &Figures) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let bench = &figures.bench;
    let (size, nodes) = (bench.size.as_ref(), bench.nodes.as_ref());
    let soak = figures.soak.as_ref().and_then(|results| results.soak.as_ref());
    let target = |key, name, bound, measured, unit| Target { key, name, bound, measured, unit };
    let served =
        bench.descriptors.as_ref().map(|descriptors| f64::from(u8::from(descriptors.served_meanwhile)));
    vec![
        target(
            "start",
            "start to first answer over 1 M sessions, SQLite",
            AtMost(60.0),
            size.map(|size| size.start.median),
            "ms",
        ),
        target("idle", "idle: resident memory", AtMost(16.0), size.map(|size| size.idle), "MiB"),
        target(
            "binary",
            "binary with its pages",
            AtMost(30.0),
            size.map(|size| megabytes(size.binary)),
            "MB",
        ),
        target(
            "session",
            "a cached session",
            AtMost(500.0),
            size.map(|size| size.bytes_per_session),
            "bytes",
        ),
        target(
            "nodes",
            "a logout honoured by another node: slowest",
            AtMost(1000.0),
            nodes.map(|nodes| nodes.heard.maximum),
            "ms",
        ),
        target(
            "nodes_here",
            "a logout: let through afterwards by its own node",
            AtMost(0.0),
            nodes.map(|nodes| nodes.let_through_here as f64),
            "",
        ),
        target(
            "limiter",
            "200 000 names tried from one network: growth of resident memory",
            AtMost(16.0),
            bench.limiter.as_ref().map(|limiter| limiter.after - limiter.before),
            "MiB",
        ),
        target(
            "outbox_lost",
            "mails on their way out when the process was killed: lost",
            AtMost(0.0),
            (!bench.outbox.is_empty()).then(|| bench.outbox.iter().map(|outbox| outbox.lost as f64).sum()),
            "",
        ),
        target(
            "descriptors",
            "no descriptors left: those connected are answered (1 = yes)",
            AtLeast(1.0),
            served,
            "",
        ),
        target(
            "soak",
            "soak: growth of resident memory",
            AtMost(50.0),
            soak.map(|soak| soak.resident_slope),
            "KiB a minute",
        ),
        target(
            "soak_unexpected",
            "soak: answers not as expected",
            AtMost(0.0),
            soak.map(|soak| soak.unexpected as f64),
            "",
        ),
    ]
}

fn all(figures: &Figures) -> Vec<Target> {
    of_checks(figures).into_iter().chain(of_logins(figures)).chain(of_size(figures)).collect()
}

/// All targets with what was measured.
pub fn table(figures: &Figures) -> String {
    let mut text = "| target | bound | measured | |\n|---|---|---|---|\n".to_owned();
    for target in all(figures) {
        let (sign, bound) = match target.bound {
            Bound::AtMost(bound) => ("≤", bound),
            Bound::AtLeast(bound) => ("≥", bound),
        };
        // A whole bound is written as one.
        let bound = if bound.fract() == 0.0 { format!("{bound:.0}") } else { short(bound) };
        let measured = target.measured.map_or_else(
            || "not measured".to_owned(),
            |measured| {
                if measured.fract() == 0.0 { format!("{measured:.0}") } else { short(measured) }
            },
        );
        let verdict = match target.is_met() {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "",
        };
        let _ =
            writeln!(text, "| {} | {sign} {bound} {} | {measured} | {verdict} |", target.name, target.unit);
    }
    text
}

/// Why a target is missed and what would close the gap, by the target's key: written by hand in `bench/reasons.json`,
/// since no program knows it.
pub type Reasons = BTreeMap<String, String>;

/// Those that are not met: by how much, and why; a target without a reason says so.
///
/// # Errors
/// When a reason is given for something that is no target.
pub fn missed(figures: &Figures, reasons: &Reasons) -> Result<String> {
    let targets = all(figures);
    if let Some(key) = reasons.keys().find(|key| targets.iter().all(|target| target.key != *key)) {
        return Err(format!("bench/reasons.json has `{key}`, which is the key of no target").into());
    }
    let mut text = String::new();
    for target in targets.iter().filter(|target| target.is_met() == Some(false)) {
        let reason =
            reasons.get(target.key).map_or("Its reason has not been looked for yet.", String::as_str);
        let _ = writeln!(text, "- **{}**, by {:.0} %. {reason}", target.name, target.distance());
    }
    Ok(if text.is_empty() { "Every target that was measured is met.\n".to_owned() } else { text })
}
