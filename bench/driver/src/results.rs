//! What was measured, as it is kept in `bench/results/` and shown on the page.

use serde::{Deserialize, Serialize};

use crate::statistics::Spread;

/// One run of a command.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// Where and with what.
    pub circumstances: Circumstances,
    /// Session checks; the first is the bare handler.
    pub checks: Vec<Check>,
    /// Sign-ins; the first is Argon2 by itself.
    pub logins: Vec<Login>,
    /// Session checks while others sign in.
    pub storms: Vec<Storm>,
    /// More sign-ins than fit.
    pub flood: Option<Flood>,
    /// Honest sign-ins beside a flood.
    #[serde(default)]
    pub crowds: Vec<Crowd>,
    /// Memory, start, binary.
    pub size: Option<Size>,
    /// Cache misses with few and with many sessions stored.
    pub stored: Vec<Stored>,
    /// A logout as another node honours it.
    pub nodes: Option<Nodes>,
    /// Tries under very many names.
    pub limiter: Option<Limiter>,
    /// More connections than open files.
    pub descriptors: Option<Descriptors>,
    /// Mails on their way out.
    #[serde(default)]
    pub outbox: Vec<Outbox>,
    /// The guard against slipping.
    pub instructions: Vec<Instructions>,
    /// Ten minutes of everything.
    pub soak: Option<Soak>,
}

/// The machine and the versions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Circumstances {
    /// When, in UTC.
    pub date: String,
    /// The commit measured.
    pub commit: String,
    /// The processor's name.
    pub processor: String,
    /// How many cores.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: f64,
    /// The kernel's version.
    pub kernel: String,
    /// Processes that wanted a core at the start, averaged over a minute: what others did here.
    pub load: String,
    /// Programs and their versions.
    pub versions: Vec<(String, String)>,
    /// How long measuring took, in seconds.
    pub seconds: f64,
    /// Whether rounds were short: such figures are not for the page.
    pub is_quick: bool,
}

/// A system answering "who is this?".
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub system: String,
    /// Answers a second.
    pub rate: Spread,
    /// The same over the bare handler's.
    pub rate_ratio: Spread,
    /// Time on a core for each request, in microseconds.
    pub cpu: Spread,
    /// The same over the bare handler's.
    pub cpu_ratio: Spread,
    /// The median latency, in microseconds.
    pub p50: Spread,
    /// One in a hundred takes longer, in microseconds.
    pub p99: Spread,
    /// The same over the bare handler's.
    pub p99_ratio: Spread,
    /// How many of its checks the cache did not answer, where we can ask.
    pub share_missed: Option<f64>,
}

/// A system signing people in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// Its name.
    pub system: String,
    /// Sign-ins a second.
    pub rate: Spread,
    /// The same over the hashes that the machine makes.
    pub rate_ratio: Spread,
    /// Time on a core for each, in milliseconds.
    pub cpu: Spread,
    /// The same over one hash's.
    pub cpu_ratio: Spread,
}

/// Session checks at a fixed rate, without and with others signing in. Latencies in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Storm {
    /// Its name.
    pub system: String,
    /// The median in calm.
    pub calm_p50: Spread,
    /// The 99th percentile in calm.
    pub calm_p99: Spread,
    /// The median in the storm.
    pub loaded_p50: Spread,
    /// The 99th percentile in the storm.
    pub loaded_p99: Spread,
    /// The storm's median over the calm's.
    pub p50_ratio: Spread,
    /// The storm's 99th percentile over the calm's.
    pub p99_ratio: Spread,
    /// Checks answered of those sent in the storm.
    pub answered: Spread,
    /// Sign-ins a second meanwhile.
    pub logins: Spread,
}

/// Many sign-ins at the same moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flood {
    /// How many.
    pub sent: usize,
    /// Signed in.
    pub accepted: usize,
    /// Answered 503 with `Retry-After`.
    pub refused: usize,
    /// Anything else.
    pub other: usize,
    /// The median of the refusals, in milliseconds.
    pub refused_p50: f64,
    /// The slowest refusal, in milliseconds.
    pub refused_max: f64,
    /// Accepted sign-ins a second over those of a calm run.
    pub accepted_ratio: f64,
    /// Resident memory before, in MiB.
    pub resident_before: f64,
    /// The most resident memory, in MiB.
    pub resident_peak: f64,
    /// What the target allows, in MiB.
    pub resident_allowed: f64,
}

/// Honest sign-ins beside a flood from one network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Crowd {
    /// What the flood does.
    pub flood: String,
    /// Its connections.
    pub connections: usize,
    /// Honest sign-ins a second in calm.
    pub calm: f64,
    /// The same beside the flood.
    pub beside: f64,
    /// Beside the flood over calm.
    pub ratio: f64,
}

/// Memory, start and binary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Size {
    /// From the start to the first answer, in milliseconds, over a file with `sessions` sessions.
    pub start: Spread,
    /// The same of the bare handler.
    pub start_bare: Spread,
    /// Sessions in that file.
    pub sessions: usize,
    /// Resident memory after the start, in MiB.
    pub idle: f64,
    /// The same of the bare handler.
    pub idle_bare: f64,
    /// Resident memory after the load of cached checks, in MiB.
    pub loaded: f64,
    /// Bytes of resident memory for each cached session.
    pub bytes_per_session: f64,
    /// The most resident memory when every stored session has been asked for, in MiB.
    pub full: f64,
    /// The binary, in bytes.
    pub binary: u64,
    /// The login page with the scripts and styles that it names, in bytes as sent.
    pub page: usize,
}

/// Cache misses over one database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    /// The engine.
    pub engine: String,
    /// The rate of misses with many sessions over that with few.
    pub rate_ratio: Spread,
    /// The time on a core for each miss, likewise.
    pub cpu_ratio: Spread,
    /// How many are few.
    pub few: usize,
    /// How many are many.
    pub many: usize,
}

/// How long a logout takes to another node, in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Nodes {
    /// How many were tried.
    pub tries: usize,
    /// From the logout's reply to the other node's first 401.
    pub heard: Spread,
    /// Checks that the node of the logout itself still let through.
    pub let_through_here: usize,
}

/// Tries to sign in under very many names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limiter {
    /// Rows in the table of limits afterwards.
    pub keys: i64,
    /// Resident memory before, in MiB.
    pub before: f64,
    /// And afterwards.
    pub after: f64,
    /// Refusals a second.
    pub rate: f64,
}

/// More connections than the process may have open files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Descriptors {
    /// The limit.
    pub most: u32,
    /// Connections opened.
    pub connections: usize,
    /// Whether those who were connected before went on being answered.
    pub served_meanwhile: bool,
    /// From the moment when the connections closed to the next good answer on a new one, in milliseconds.
    pub recovery: f64,
}

/// Mails on their way out, and what a kill in the middle does to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outbox {
    /// The engine.
    pub engine: String,
    /// How many waited when the mail server opened.
    pub mails: usize,
    /// How many arrived a second.
    pub rate: f64,
    /// How many had not arrived when the process was killed.
    pub killed_with: usize,
    /// Of those, how many never did.
    pub lost: usize,
    /// How many came more than once.
    pub duplicates: usize,
}

/// Instructions of one request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instructions {
    /// What was done.
    pub scenario: String,
    /// Counted now.
    pub counted: f64,
    /// As accepted in `bench/instructions.json`.
    pub accepted: f64,
}

/// A long run at a low rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Soak {
    /// How long, in seconds.
    pub seconds: f64,
    /// Requests a second.
    pub rate: f64,
    /// Requests that were not answered as expected.
    pub unexpected: usize,
    /// Growth of resident memory, in KiB a minute, after the first fifth.
    pub resident_slope: f64,
    /// Growth of open descriptors a minute.
    pub descriptor_slope: f64,
    /// Growth of the database's files, in KiB a minute.
    pub database_slope: f64,
    /// Resident memory at the end, in MiB.
    pub resident: f64,
    /// Open descriptors at the end.
    pub descriptors: usize,
    /// The database's files at the end, in KiB.
    pub database: f64,
}
