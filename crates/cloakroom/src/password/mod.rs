//! Hashing and verification of passwords, on threads of their own.
//!
//! One Argon2id hash takes 19 MiB and tens of milliseconds of a core. So a fixed number of threads computes them, each with one
//! block of memory that it reuses, at the lowest priority. A bounded queue that is fair between networks feeds them. So a flood
//! of sign-ins costs neither memory nor the time of people who are signed in. It does not take the places of those who sign in
//! from elsewhere.

mod queue;

use std::borrow::Cow;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::error::{Error, Result};
use crate::model::network::Network;
use crate::secret;
use queue::Queue;

/// The memory of a hash, in KiB (OWASP Password Storage; ASVS 11.4.2).
const MEMORY_KIB: u32 = 19_456;
/// The passes over that memory.
const PASSES: u32 = 2;
/// The lanes of a hash.
const LANES: u32 = 1;
/// The most memory that a stored hash may ask for. A row that somebody imported must not take the machine down (W08).
const MOST_MEMORY_KIB: u32 = 64 * 1024;
const MOST_PASSES: u32 = 10;
/// Returns the form in which a password is hashed (NFC; NIST SP 800-63B, section 3.1.1.2). Keyboards and systems write one
/// visible character in several ways.
pub(crate) fn normalised(password: &str) -> Cow<'_, str> {
    if is_nfc(password) { Cow::Borrowed(password) } else { Cow::Owned(password.nfc().collect()) }
}

/// The result of verifying a password against a stored hash.
pub(crate) enum Verdict {
    /// The password matches.
    Match {
        /// The hash to store instead. It is there when the stored one was made with other parameters than today's or from
        /// another form of the password.
        upgrade: Option<String>,
    },
    /// The password does not match.
    Mismatch,
}

enum Task {
    Hash { password: String, reply: oneshot::Sender<Result<String>> },
    Verify { password: String, stored: Option<String>, reply: oneshot::Sender<Result<Verdict>> },
}

/// The threads that compute hashes.
#[derive(Clone)]
pub(crate) struct Passwords {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Arc<Queue<Task>>,
    gauge: metrics::Gauge,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// A place in the queue, given back when dropped. Attempts are counted before a place is taken.
pub(crate) struct Place {
    shared: Arc<Shared>,
    network: Network,
}

impl Passwords {
    /// Starts one thread for each core. They end when the last clone is dropped.
    pub(crate) fn start() -> Self {
        let queue = Arc::new(Queue::new());
        for number in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&queue))
                .expect("the operating system gives threads at the start");
        }
        let gauge = metrics::gauge!("cloakroom_password_queue");
        Self { shared: Arc::new(Shared { queue, gauge }) }
    }

    /// Takes a place in the queue for a request from `network`.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full, or the network already has its share of it.
    pub(crate) fn place(&self, network: Network) -> Result<Place> {
        if !self.shared.queue.take(network) {
            return Err(Error::Busy);
        }
        self.shared.gauge.increment(1);
        Ok(Place { shared: Arc::clone(&self.shared), network })
    }

    /// Checks that there is a free place, before an attempt is counted for it.
    ///
    /// # Errors
    /// Fails as [`Passwords::place`] does.
    pub(crate) fn require_room(&self, network: Network) -> Result<()> {
        if self.shared.queue.has_room(network) { Ok(()) } else { Err(Error::Busy) }
    }

    /// Tells whether a sign-in waits for a thread.
    pub(crate) fn is_waiting(&self) -> bool {
        self.shared.queue.is_waiting()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.gauge.decrement(1);
        self.shared.queue.give_back(self.network);
    }
}

impl Place {
    /// Hashes a new password to a PHC string with today's parameters.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Hash { password: password.to_owned(), reply });
        answer.await.map_err(Error::internal)?
    }

    /// Verifies a password. Without a stored hash it does the same work and never matches.
    pub(crate) async fn verify(&self, password: &str, stored: Option<String>) -> Result<Verdict> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Verify { password: password.to_owned(), stored, reply });
        answer.await.map_err(Error::internal)?
    }

    fn send(&self, task: Task) {
        self.shared.queue.push(self.network, task);
    }
}

/// Runs a thread: it takes task after task, and reuses the memory of the last one.
fn work(queue: &Queue<Task>) {
    // Requests of people who are signed in come first: a hash takes only the time that no other work needs.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
    let mut memory = Vec::new();
    while let Some(task) = queue.pop() {
        // A reply that nobody waits for any more belongs to an abandoned request.
        match task {
            Task::Hash { password, reply } if !reply.is_closed() => {
                let _ = reply.send(hash(&password, &mut memory));
            }
            Task::Verify { password, stored, reply } if !reply.is_closed() => {
                let _ = reply.send(verify(&password, stored.as_deref(), &mut memory));
            }
            Task::Hash { .. } | Task::Verify { .. } => {}
        }
    }
}

fn todays_params() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are within Argon2's limits")
}

fn compute(password: &str, salt: &[u8], params: Params, memory: &mut Vec<Block>) -> Result<[u8; 32]> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory[..blocks])
        .map_err(|error| Error::internal(error.to_string()))?;
    metrics::counter!("cloakroom_password_hashes_total").increment(1);
    Ok(output)
}

fn hash(password: &str, memory: &mut Vec<Block>) -> Result<String> {
    let password = &normalised(password);
    let salt = secret::salt();
    let params = todays_params();
    let output = compute(password, &salt, params.clone(), memory)?;
    let phc = |error: argon2::password_hash::phc::Error| Error::internal(error.to_string());
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| Error::internal(error.to_string()))?,
        salt: Some(Salt::new(&salt).map_err(phc)?),
        hash: Some(Output::new(&output).map_err(phc)?),
    }
    .to_string())
}

/// Compares the password as typed, which older versions hashed, then its NFC form if that differs. The number of hashes of a
/// failed attempt depends on the typed text alone, never on the account.
fn verify(password: &str, stored: Option<&str>, memory: &mut Vec<Block>) -> Result<Verdict> {
    let normal = normalised(password);
    let as_typed = verify_form(password, stored, memory)?;
    if normal == password {
        return Ok(as_typed);
    }
    match as_typed {
        Verdict::Match { .. } => Ok(Verdict::Match { upgrade: Some(hash(password, memory)?) }),
        Verdict::Mismatch => verify_form(&normal, stored, memory),
    }
}

fn verify_form(password: &str, stored: Option<&str>, memory: &mut Vec<Block>) -> Result<Verdict> {
    let Some(stored) = stored else { return match_nothing(password, memory) };
    let Some((params, salt, expected)) = parse(stored) else {
        // This is for the operator: the person who signs in learns only that the password does not match.
        tracing::error!("a stored password hash cannot be read or asks for too much");
        return match_nothing(password, memory);
    };
    let today = todays_params();
    let is_todays = (params.m_cost(), params.t_cost(), params.p_cost())
        == (today.m_cost(), today.t_cost(), today.p_cost());
    let output = compute(password, salt.as_ref(), params, memory)?;
    match (bool::from(output.as_slice().ct_eq(expected.as_bytes())), is_todays) {
        (true, true) => Ok(Verdict::Match { upgrade: None }),
        (true, false) => Ok(Verdict::Match { upgrade: Some(hash(password, memory)?) }),
        (false, true) => Ok(Verdict::Mismatch),
        // The time must not reveal a hash that is cheaper than today's.
        (false, false) => match_nothing(password, memory),
    }
}

/// Does the work of a hash that no password matches, so that its time reveals nothing.
fn match_nothing(password: &str, memory: &mut Vec<Block>) -> Result<Verdict> {
    compute(password, &[0; 16], todays_params(), memory)?;
    Ok(Verdict::Mismatch)
}

/// Parses a stored hash that is Argon2id, version 19, 32 bytes long and within the bounds.
fn parse(stored: &str) -> Option<(Params, Salt, Output)> {
    let parsed = PasswordHash::new(stored).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let (salt, expected) = (parsed.salt?, parsed.hash?);
    let within = params.m_cost() <= MOST_MEMORY_KIB
        && params.t_cost() <= MOST_PASSES
        && parsed.algorithm == Algorithm::Argon2id.ident()
        && expected.as_bytes().len() == 32;
    within.then_some((params, salt, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w06_a_hash_is_argon2id_with_the_parameters_of_owasp_and_a_salt_of_its_own() {
        let mut memory = Vec::new();
        let first = hash("correct-horse-battery", &mut memory).unwrap();
        let second = hash("correct-horse-battery", &mut memory).unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        let verdict = verify("correct-horse-battery", Some(&first), &mut memory).unwrap();
        assert!(matches!(verdict, Verdict::Match { upgrade: None }));
        assert!(matches!(verify("correct-horse", Some(&first), &mut memory), Ok(Verdict::Mismatch)));
    }

    #[test]
    fn w08_a_stored_hash_that_asks_for_gigabytes_or_a_thousand_passes_costs_what_any_other_does() {
        let mut memory = Vec::new();
        for params in ["m=8388608,t=2,p=1", "m=19456,t=1000,p=1"] {
            let stored = format!(
                "$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            );
            assert!(matches!(verify("whatever", Some(&stored), &mut memory), Ok(Verdict::Mismatch)));
        }
        assert_eq!(memory.len(), todays_params().block_count());
    }

    #[test]
    fn w02_w03_every_visible_character_counts() {
        let mut memory = Vec::new();
        let long = "x".repeat(255);
        for (chosen, other) in [
            (format!("{long}a"), format!("{long}b")),
            (" padded pass ".into(), "padded pass".into()),
            ("with\0nul".into(), "with".into()),
            ("caf\u{e9} au lait".into(), "cafe au lait".into()),
        ] {
            let stored = hash(&chosen, &mut memory).unwrap();
            assert!(matches!(verify(&chosen, Some(&stored), &mut memory), Ok(Verdict::Match { .. })));
            assert!(matches!(verify(&other, Some(&stored), &mut memory), Ok(Verdict::Mismatch)));
        }
    }

    #[test]
    fn finding_n8_w03_a_password_is_hashed_in_nfc_and_a_hash_of_another_form_is_upgraded() {
        let mut memory = Vec::new();
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        for chosen in [composed, decomposed] {
            let stored = hash(chosen, &mut memory).unwrap();
            for typed in [composed, decomposed] {
                let verdict = verify(typed, Some(&stored), &mut memory).unwrap();
                assert!(matches!(verdict, Verdict::Match { upgrade: None }), "{chosen:?} {typed:?}");
            }
        }
        let params = todays_params();
        let output = compute(decomposed, &[7; 16], params.clone(), &mut memory).unwrap();
        let stored = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).unwrap(),
            salt: Some(Salt::new(&[7; 16]).unwrap()),
            hash: Some(Output::new(&output).unwrap()),
        }
        .to_string();
        let Ok(Verdict::Match { upgrade: Some(upgrade) }) = verify(decomposed, Some(&stored), &mut memory)
        else {
            panic!("an older hash of the typed form matches and is replaced")
        };
        assert!(matches!(verify(composed, Some(&upgrade), &mut memory), Ok(Verdict::Match { .. })));
    }
}
