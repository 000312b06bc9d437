//! Acts of an administrator on accounts: by the command line, or from an app that embeds the library.
//!
//! Each act takes effect at once on every node, open sessions included.

use crate::context::Context;
use crate::error::{Error, Invalid, Result};
pub use crate::flow::admin::accounts::{AccountPage, AccountView, NewAccount, Rank};
use crate::flow::admin::mailing;
use crate::limits;
use crate::mail::outbox::{self, Occasion};
use crate::mail::{Asked, Kind, Locale};
use crate::model::challenge::{Challenge, Content};
use crate::model::device::Device;
use crate::model::email::Email;
use crate::model::event::{Event, EventType, Target};
use crate::model::network::Network;
use crate::model::user::Account;
use crate::policy;
use crate::store::{Revocation, Tx};

pub use crate::model::event::Actor;

/// Acts on the accounts of a cloakroom; made by [`Cloakroom::administration`](crate::Cloakroom::administration).
#[derive(Clone)]
pub struct Administration {
    context: Context,
    actor: Actor,
}

impl Administration {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, actor: Actor::default() }
    }

    /// Names the actor for the events that record the acts.
    #[must_use]
    pub fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Begins an event of the actor.
    fn event(&self, event_type: EventType) -> Event {
        Event::new(event_type, self.context.now()).by(self.actor.clone())
    }

    /// Adds an account whose address the administrator vouches for.
    ///
    /// # Errors
    /// [`Error::Validation`] for an address or password that cannot be taken, [`Error::AlreadyExists`] when the address has an
    /// account, or is reserved for one that has changed it and can still undo that.
    pub async fn add(&self, email: &str, password: &str, rank: Rank) -> Result<AccountView> {
        let account = NewAccount::new(email, password).rank(rank);
        let added = self.add_all(&[account]).await?;
        added.into_iter().next().ok_or_else(|| Error::internal("an account was added and is not there"))
    }

    /// Adds all of these accounts, or none.
    ///
    /// # Errors
    /// As [`Administration::add`], for the first that cannot be added.
    pub async fn add_all(&self, people: &[NewAccount<'_>]) -> Result<Vec<AccountView>> {
        let context = &self.context;
        let mut accounts = Vec::with_capacity(people.len());
        for person in people {
            let email = parse_new(context, person.email)?;
            let hash = hash_new(context, &email, person.password).await?;
            let account = Account {
                password_hash: Some(hash),
                is_active: person.is_active,
                ..new_account(context, &email, person.rank)
            };
            accounts.push((account, email));
        }
        let mut tx = context.store().begin().await?;
        for (account, email) in &accounts {
            store(&mut tx, account, email).await?;
            tx.record(with_rights(self.event(EventType::UserMade).about(account), account)).await?;
        }
        tx.commit().await?;
        Ok(accounts.into_iter().map(|(account, _)| account.into()).collect())
    }

    /// Adds an account without a password, and mails a link by which its owner chooses one. `locale` is the mail's language, as
    /// a tag (RFC 5646).
    ///
    /// # Errors
    /// [`Error::Validation`] for an address that cannot be taken or a language that mails are not written in,
    /// [`Error::AlreadyExists`] when the address has an account.
    pub async fn invite(&self, email: &str, rank: Rank, locale: &str) -> Result<AccountView> {
        let context = &self.context;
        let locale = mailing::locale(locale)?;
        let email = parse_new(context, email)?;
        let account = new_account(context, &email, rank);
        let now = account.date_joined;
        let invitation = Challenge::new(Content::Invitation { email: email.clone() }, now).of(&account.id);
        let mut tx = context.store().begin().await?;
        tx.hold_address(&email).await?;
        store(&mut tx, &account, &email).await?;
        tx.add_challenge(&invitation, invitation.token(context.key()).hash()).await?;
        let occasion = by_administrator(context, locale);
        outbox::post_about(&mut tx, Kind::Invitation, &invitation, &occasion).await?;
        tx.record(with_rights(self.event(EventType::UserInvited).about(&account), &account)).await?;
        tx.commit().await?;
        context.outbox().wake();
        Ok(account.into())
    }

    /// Returns the accounts that come after the cursor of an earlier page, oldest first; `limit` is at most 1000.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when storage does not answer.
    pub async fn accounts(&self, after: Option<&str>, limit: u16) -> Result<AccountPage> {
        let limit = limit.clamp(1, 1000);
        // One more row tells whether another page follows.
        let most = i64::from(limit) + 1;
        let found = self.context.store().accounts_after(after.unwrap_or_default(), most).await?;
        let mut accounts: Vec<AccountView> = found.into_iter().map(Into::into).collect();
        let is_last = accounts.len() <= usize::from(limit);
        accounts.truncate(limit.into());
        let next = accounts.last().filter(|_| !is_last).map(|account| account.id.clone());
        Ok(AccountPage { accounts, next })
    }

    /// Returns one account.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the address has none.
    pub async fn show(&self, email: &str) -> Result<AccountView> {
        let context = &self.context;
        find(context, email).await.map(Into::into)
    }

    /// Replaces the password, ends every session, and notifies the account's owner by mail.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Validation`] for a password that cannot be taken.
    pub async fn set_password(&self, email: &str, password: &str) -> Result<()> {
        let context = &self.context;
        let account = find(context, email).await?;
        let email = parse(&account.email)?;
        let hash = hash_new(context, &email, password).await?;
        let mut tx = context.store().begin().await?;
        limits::begin_anew(context.limiter(), &mut tx, &email, None).await?;
        tx.set_password(&account.id, &hash).await?;
        tx.end_challenges_of(&account.id).await?;
        tx.forget_browsers_of(&account.id).await?;
        tx.end_sessions_of(&account.id).await?;
        tell(context, &mut tx, Kind::PasswordSetForYou, &account).await?;
        tx.record(self.event(EventType::PasswordSet).about(&account)).await?;
        tx.commit().await?;
        context.sessions().forget_all();
        context.outbox().wake();
        Ok(())
    }

    /// Opens an account, or closes it and ends every session. If that changes anything, its owner is notified by mail.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the address has no account.
    pub async fn set_active(&self, email: &str, is_active: bool) -> Result<()> {
        let context = &self.context;
        let account = find(context, email).await?;
        let mut tx = context.store().begin().await?;
        let account = tx.lock_account(&account.id).await?.ok_or(Error::NotFound)?;
        tx.set_active(&account.id, is_active).await?;
        if !is_active {
            tx.end_challenges_of(&account.id).await?;
            tx.end_sessions_of(&account.id).await?;
        }
        if account.is_active != is_active {
            let (kind, event_type) = if is_active {
                (Kind::AccountActivated, EventType::UserActivated)
            } else {
                (Kind::AccountDeactivated, EventType::UserDeactivated)
            };
            tell(context, &mut tx, kind, &account).await?;
            tx.record(self.event(event_type).about(&account)).await?;
        }
        tx.commit().await?;
        context.sessions().forget_all();
        context.outbox().wake();
        Ok(())
    }

    /// Gives or takes rights. A right that is taken is gone with the next request. A rise ends every session, because no
    /// session may gain privilege under its present ticket (ASVS 7.2.4). If the rights change, the owner is notified by mail.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the address has no account.
    pub async fn set_rank(&self, email: &str, rank: Rank) -> Result<()> {
        let context = &self.context;
        let account = find(context, email).await?;
        let (is_staff, is_superuser) = rank.flags();
        let mut tx = context.store().begin().await?;
        // A rise is judged by the rights at that moment, because another administrator may be taking them away.
        let account = tx.lock_account(&account.id).await?.ok_or(Error::NotFound)?;
        tx.set_rank(&account.id, is_staff, is_superuser).await?;
        let is_rise = (is_staff && !account.is_staff) || (is_superuser && !account.is_superuser);
        if is_rise {
            tx.end_sessions_of(&account.id).await?;
        } else {
            tx.announce(&Revocation::Everything).await?;
        }
        if (is_staff, is_superuser) != (account.is_staff, account.is_superuser) {
            let kind = if is_rise { Kind::RightsGiven } else { Kind::RightsTaken };
            tell(context, &mut tx, kind, &account).await?;
            let changed = self.event(EventType::UserRightsChanged).about(&account);
            let changed = changed.with_change("is_staff", account.is_staff, is_staff);
            tx.record(changed.with_change("is_superuser", account.is_superuser, is_superuser)).await?;
        }
        tx.commit().await?;
        context.sessions().forget_all();
        context.outbox().wake();
        Ok(())
    }

    /// Removes an account with everything that belongs to it, and notifies its owner by a last mail.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the address has no account.
    pub async fn delete(&self, email: &str) -> Result<()> {
        let context = &self.context;
        let account = find(context, email).await?;
        let mut tx = context.store().begin().await?;
        // Lock order: the account first. Its rows go with it, and the other nodes hear of it.
        let account = tx.lock_account(&account.id).await?.ok_or(Error::NotFound)?;
        tx.delete_account(&account.id).await?;
        tx.end_sessions_of(&account.id).await?;
        let occasion = by_administrator(context, context.config().app.fallback());
        outbox::post_last(&mut tx, Kind::AccountDeleted, &account, &occasion).await?;
        tx.blank_events_of(&account.id).await?;
        tx.record(self.event(EventType::UserDeleted).about(Target::account_id(&account.id))).await?;
        tx.commit().await?;
        context.sessions().forget_all();
        context.outbox().wake();
        Ok(())
    }

    /// Ends every session of everybody, on every node. Returns how many.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when storage does not answer.
    pub async fn end_all_sessions(&self) -> Result<u64> {
        let context = &self.context;
        let mut tx = context.store().begin().await?;
        let ended = tx.end_all_sessions().await?;
        tx.record(self.event(EventType::SessionsRevoked).with("ended", ended)).await?;
        tx.commit().await?;
        context.sessions().forget_all();
        Ok(ended)
    }
}

/// The occasion of a mail that an administrator's act caused. No browser asked for it.
fn by_administrator(context: &Context, locale: Locale) -> Occasion {
    let asked = Asked { at: context.now(), device: Device::default(), network: String::new() };
    Occasion::new(locale, asked)
}

/// Notifies the owner of an account of an administrator's act. Nobody's language is stored, so the mail is in the
/// first of the app's languages.
async fn tell(context: &Context, tx: &mut Tx, kind: Kind, account: &Account) -> Result<()> {
    outbox::post_to(tx, kind, account, &by_administrator(context, context.config().app.fallback())).await
}

fn new_account(context: &Context, email: &Email, rank: Rank) -> Account {
    let (is_staff, is_superuser) = rank.flags();
    Account { is_staff, is_superuser, ..Account::new(email, None, context.now()) }
}

/// Adds to an event the rights that an account is made with.
fn with_rights(event: Event, account: &Account) -> Event {
    event.with("is_staff", account.is_staff).with("is_superuser", account.is_superuser)
}

async fn store(tx: &mut Tx, account: &Account, email: &Email) -> Result<()> {
    if tx.is_reserved(email, &account.id, account.date_joined).await? {
        let reserved = format!("an account that can take {} back", email.spelling());
        return Err(Error::AlreadyExists(reserved));
    }
    tx.add_account(account, email).await.map_err(|error| match error {
        Error::AlreadyExists(_) => Error::AlreadyExists(email.spelling().to_owned()),
        other => other,
    })
}

fn parse(email: &str) -> Result<Email> {
    Ok(policy::address(email)?)
}

fn parse_new(context: &Context, email: &str) -> Result<Email> {
    parse(email)?;
    policy::new_address(context.config(), email).map_err(|_| {
        let detail = format!(
            "`{email}` is no address on the internet. `mail.allow_local = true` allows addresses of your own network."
        );
        Invalid::new("email", "invalid", detail).into()
    })
}

/// Finds an account by its id or its address.
async fn find(context: &Context, account: &str) -> Result<Account> {
    // No id has an `@`, and every address does.
    let found = if account.contains('@') {
        context.store().account_by_email(&parse(account)?).await?
    } else {
        context.store().account(account).await?
    };
    found.ok_or(Error::NotFound)
}

async fn hash_new(context: &Context, email: &Email, password: &str) -> Result<String> {
    policy::password_of(context.config(), password, Some(email))?;
    context.passwords().place(Network::Unknown)?.hash(password).await
}
