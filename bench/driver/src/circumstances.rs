//! Where and with what a run was made.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::results::Circumstances;

/// Asks the machine.
pub fn of(root: &Path, is_quick: bool) -> Circumstances {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let kib: f64 = field(&memory, "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let versions = [
        ("rustc", vec!["rustc", "--version"]),
        ("Postgres", vec!["psql", "--version"]),
        ("valgrind", vec!["valgrind", "--version"]),
    ];
    Circumstances {
        date: said(root, &["date", "--utc", "+%Y-%m-%d %H:%M UTC"]),
        commit: said(root, &["git", "rev-parse", "--short=10", "HEAD"]),
        processor: field(&cpu, "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: kib / 1024.0,
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        load: fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned(),
        versions: versions.into_iter().map(|(name, words)| (name.to_owned(), said(root, &words))).collect(),
        seconds: 0.0,
        is_quick,
    }
}

/// The first line that a command says; empty when there is no such command.
fn said(root: &Path, words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).current_dir(root).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}
