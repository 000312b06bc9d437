//! "Who is this?": asked by every request of every app, so answered from memory where that is safe.
//!
//! What must stay true: a ticket that was revoked here is refused by the next request here, and within a second
//! on every other node. So the cache is used only while revocations are heard (`jobs`), an entry is dropped after
//! the commit that ends its session, and one that was read before that commit is never put back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::cloakroom::Cloakroom;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::session::LiveSession;
use crate::model::user::User;
use crate::model::visitor::Visitor;
use crate::secret::{Ticket, TicketHash};

/// How long an entry may be believed without asking storage again.
const FRESH: Duration = Duration::from_secs(5);
/// The most that the cache may take, in bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// What an entry takes beside its text.
const ENTRY_BYTES: u64 = 320;
/// As many entries of the usual length as fit. Their room is asked for at the start, which costs nothing until it is used:
/// lists that grow leave holes of half their size behind.
const MOST_ENTRIES: usize = 128 * 1024;
/// Activity is written down at most this often…
const TOUCH_PERIOD: Duration = Duration::from_mins(5);
/// …and at least so many times within the idle limit.
const TOUCHES_PER_IDLE: u32 = 20;

/// An open session and whose it is.
pub(crate) struct Live {
    pub(crate) user: User,
    /// The article's profile, already written as JSON.
    pub(crate) profile: Bytes,
    pub(crate) authenticated_at: Timestamp,
    /// The last proof by password in this session, if there was one.
    password_at: Option<Timestamp>,
    /// The absolute end.
    expires_at: Timestamp,
    /// Milliseconds since 1970; moves without the entry being replaced.
    last_seen_at: AtomicI64,
    read_at: Timestamp,
}

/// What a ticket opened.
pub(crate) struct Opened {
    pub(crate) live: Arc<Live>,
    /// The idle end has moved, so the cookie's must as well.
    pub(crate) is_renewed: bool,
}

#[derive(Clone)]
struct Weight;

impl Weighter<TicketHash, Arc<Live>> for Weight {
    fn weight(&self, _: &TicketHash, live: &Arc<Live>) -> u64 {
        ENTRY_BYTES + (live.user.email.len() + live.profile.len()) as u64
    }
}

/// Sessions read a moment ago.
pub(crate) struct SessionCache {
    entries: Cache<TicketHash, Arc<Live>, Weight>,
    /// Rises with every revocation: what was read under an older number is not put in.
    revocations: AtomicU64,
    /// Whether revocations of other processes are heard; without, nothing is believed.
    is_hearing: AtomicBool,
    hits: metrics::Counter,
    misses: metrics::Counter,
    hearing: metrics::Gauge,
    losses: metrics::Counter,
}

impl SessionCache {
    pub(crate) fn new() -> Self {
        let entries = Cache::with_weighter(4096, MOST_BYTES, Weight);
        entries.reserve(MOST_ENTRIES);
        Self {
            entries,
            revocations: AtomicU64::new(0),
            is_hearing: AtomicBool::new(false),
            hits: metrics::counter!("cloakroom_session_checks_total", "cache" => "hit"),
            misses: metrics::counter!("cloakroom_session_checks_total", "cache" => "miss"),
            hearing: metrics::gauge!("cloakroom_revocations_heard"),
            losses: metrics::counter!("cloakroom_revocations_lost_total"),
        }
    }

    fn get(&self, ticket: TicketHash, now: Timestamp) -> Option<Arc<Live>> {
        let live = self.entries.get(&ticket)?;
        let is_believed =
            self.is_hearing.load(Ordering::Acquire) && now >= live.read_at && now.since(live.read_at) < FRESH;
        is_believed.then_some(live)
    }

    /// Puts in what was read when `before` revocations had happened.
    fn put(&self, ticket: TicketHash, live: Arc<Live>, before: u64) {
        self.entries.insert(ticket, live);
        // A revocation that came since has removed the entry already, or removes it now, or is seen here.
        if self.revocations.load(Ordering::SeqCst) != before {
            self.entries.remove(&ticket);
        }
    }

    /// Whether a session was read lately and has not been revoked since, as far as this process knows.
    pub(crate) fn has(&self, ticket: TicketHash) -> bool {
        self.entries.peek(&ticket).is_some()
    }

    /// Drops one session, after the commit that ended it.
    pub(crate) fn forget(&self, ticket: TicketHash) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
        self.entries.remove(&ticket);
    }

    /// Drops all sessions.
    pub(crate) fn forget_all(&self) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
        self.entries.clear();
    }

    /// Notes whether revocations of other processes are heard from now on. What came before is not believed.
    pub(crate) fn set_hearing(&self, is_hearing: bool) {
        self.forget_all();
        self.believe(is_hearing);
    }

    /// Notes whether what is cached is believed from now on. Nothing is dropped: on the same connection, all that ended
    /// meanwhile is heard before the next heartbeat.
    pub(crate) fn believe(&self, is_hearing: bool) {
        let before = self.is_hearing.swap(is_hearing, Ordering::AcqRel);
        if before && !is_hearing {
            self.losses.increment(1);
        }
        self.hearing.set(if is_hearing { 1.0 } else { 0.0 });
    }
}

/// The open session of a ticket, if it has one. Moves the idle end.
pub(crate) async fn authenticate(cloakroom: &Cloakroom, ticket: &Ticket) -> Result<Option<Opened>> {
    let now = cloakroom.now();
    let cache = cloakroom.sessions();
    let hash = ticket.hash();
    // Past its idle end here, it may have been active on another node: storage knows.
    let live = if let Some(live) = cache.get(hash, now).filter(|live| live.is_open(cloakroom, now)) {
        cache.hits.increment(1);
        live
    } else {
        cache.misses.increment(1);
        let before = cache.revocations.load(Ordering::SeqCst);
        let idle_since = now.minus(cloakroom.config().session.idle.duration());
        let Some(session) = cloakroom.store().live_session(hash, now, idle_since).await? else {
            return Ok(None);
        };
        let live = Arc::new(Live::new(&session, now));
        cache.put(hash, Arc::clone(&live), before);
        live
    };
    if !live.is_open(cloakroom, now) {
        cache.forget(hash);
        return Ok(None);
    }
    let is_renewed = live.touch(cloakroom, hash, now);
    Ok(Some(Opened { live, is_renewed }))
}

/// The open session of whoever is signed in, if anybody is.
pub(crate) async fn current(cloakroom: &Cloakroom, visitor: &Visitor) -> Result<Option<Arc<Live>>> {
    let Some(ticket) = &visitor.session else { return Ok(None) };
    Ok(authenticate(cloakroom, ticket).await?.map(|opened| opened.live))
}

/// Returns the current session.
///
/// # Errors
/// [`Error::NotAuthenticated`] when nobody is.
pub(crate) async fn require(cloakroom: &Cloakroom, visitor: &Visitor) -> Result<Arc<Live>> {
    current(cloakroom, visitor).await?.ok_or(Error::NotAuthenticated)
}

/// The same for what is too sensitive for an old proof of identity (NIST SP 800-63B, section 5.2; ASVS 7.5.1).
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`] when the last proof is too long ago.
pub(crate) async fn require_recent(cloakroom: &Cloakroom, visitor: &Visitor) -> Result<Arc<Live>> {
    let live = require(cloakroom, visitor).await?;
    let recent = cloakroom.config().session.recent.duration();
    if cloakroom.now().since(live.authenticated_at) < recent {
        Ok(live)
    } else {
        Err(Error::ReauthenticationRequired)
    }
}

/// Requires a recent proof for what adds a way to sign in: by password where the account has one, so that a stolen session
/// is not enough (OWASP ASVS 7.5.1).
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`] when the proof is too long ago, or was another one.
pub(crate) async fn require_recent_password(cloakroom: &Cloakroom, visitor: &Visitor) -> Result<Arc<Live>> {
    let live = require_recent(cloakroom, visitor).await?;
    let recent = cloakroom.config().session.recent.duration();
    let is_recent = |proven_at: Timestamp| cloakroom.now().since(proven_at) < recent;
    if !live.user.has_password || live.password_at.is_some_and(is_recent) {
        Ok(live)
    } else {
        Err(Error::ReauthenticationRequired)
    }
}

/// Nobody is signed in here, or it is refused: a link in a mail never swaps one person for another.
///
/// # Errors
/// [`Error::OtherUserSignedIn`].
pub(crate) async fn require_none(cloakroom: &Cloakroom, visitor: &Visitor) -> Result<()> {
    match current(cloakroom, visitor).await? {
        Some(_) => Err(Error::OtherUserSignedIn),
        None => Ok(()),
    }
}

impl Live {
    fn new(session: &LiveSession, now: Timestamp) -> Self {
        let user = session.account.user();
        let profile = serde_json::json!({
            "id": user.id, "email": user.email, "is_staff": user.is_staff, "is_superuser": user.is_superuser,
        });
        Self {
            // Without the room that the text had to grow.
            profile: profile.to_string().into_bytes().into_boxed_slice().into(),
            user,
            authenticated_at: session.authenticated_at,
            password_at: session.password_at,
            expires_at: session.expires_at,
            last_seen_at: AtomicI64::new(session.last_seen_at.as_millis()),
            read_at: now,
        }
    }

    /// When the session ends if nothing happens: the idle end, or the absolute one when that comes first.
    pub(crate) fn ends_at(&self, cloakroom: &Cloakroom) -> Timestamp {
        let last_seen_at = Timestamp::from_millis(self.last_seen_at.load(Ordering::Relaxed));
        last_seen_at.plus(cloakroom.config().session.idle.duration()).min(self.expires_at)
    }

    fn is_open(&self, cloakroom: &Cloakroom, now: Timestamp) -> bool {
        now < self.ends_at(cloakroom)
    }

    /// Moves the idle end when it was long enough ago; says whether it did. Storage hears of it in the background:
    /// nobody waits for a write in order to read.
    fn touch(&self, cloakroom: &Cloakroom, ticket: TicketHash, now: Timestamp) -> bool {
        let idle = cloakroom.config().session.idle.duration();
        let period = TOUCH_PERIOD.min(idle / TOUCHES_PER_IDLE);
        let seen = self.last_seen_at.load(Ordering::Relaxed);
        if now.since(Timestamp::from_millis(seen)) < period {
            return false;
        }
        let moved =
            self.last_seen_at.compare_exchange(seen, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed);
        if moved.is_err() {
            return false;
        }
        let store = cloakroom.store().clone();
        tokio::spawn(async move {
            let written = async {
                let mut tx = store.begin().await?;
                tx.touch_session(ticket, now).await?;
                tx.commit().await
            };
            if let Err(error) = written.await {
                tracing::warn!(error = error.with_causes(), "activity was not written down");
            }
        });
        true
    }
}
