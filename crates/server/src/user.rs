//! `cloakroom user …`: accounts on the command line.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use cloakroom::administration::{AccountView, Administration, Rank};
use cloakroom::{Cloakroom, Config};

use crate::Failure;
use crate::audit::actor;
use crate::cli::{Account, Place, Rights, UserCommand, config_file};

/// The number of accounts that are read at once.
const PAGE: u16 = 500;

/// The port to assume when none is known, as with `--data-dir` and no server.
pub(crate) const NO_PORT: u16 = 3000;

impl Place {
    /// Returns the configuration of the chosen installation.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(match &self.data_dir {
            Some(directory) => Config::development(directory, NO_PORT)?,
            None => Config::load(
                config_file(self.config.as_deref()).as_deref(),
                &cloakroom::config::Overrides::default(),
            )?,
        })
    }

    /// Opens the cloakroom of the chosen installation.
    pub(crate) async fn open(&self) -> Result<Cloakroom, Failure> {
        if let Some(directory) = &self.data_dir
            && !directory.is_dir()
        {
            return Err(Failure::Refused(format!("there is no directory {}", directory.display())));
        }
        Ok(Cloakroom::for_administration(self.config()?).await?)
    }
}

/// Runs the command.
pub(crate) async fn run(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add {
            account: Account { email, place }, invite: true, locale, staff, rights, ..
        } => {
            let cloakroom = place.open().await?;
            let locale = locale.or_else(|| cloakroom.config().app.languages.first().cloned());
            let locale = locale.unwrap_or_default();
            let invited =
                cloakroom.administration().by(actor()).invite(&email, rank(staff, &rights), &locale).await?;
            say(&format!(
                "Added {}. The server mails an invitation; `cloakroom mail list` tells if it cannot.",
                invited.email
            ));
        }
        UserCommand::Add { account: Account { email, place }, password_stdin, staff, rights, .. } => {
            let cloakroom = place.open().await?;
            let password = read_password(password_stdin)?;
            let added =
                cloakroom.administration().by(actor()).add(&email, &password, rank(staff, &rights)).await?;
            say(&format!("Added {}.", added.email));
        }
        UserCommand::List { place, json } => list(&place.open().await?.administration(), json).await?,
        UserCommand::Show { account: Account { email, place }, json } => {
            let found = place.open().await?.administration().show(&email).await;
            let found = found.map_err(|error| about(error, &email))?;
            if json { say(&to_json(&found)?) } else { say(&details(&found)) }
        }
        UserCommand::SetPassword { account: Account { email, place }, password_stdin } => {
            let cloakroom = place.open().await?;
            cloakroom.administration().show(&email).await.map_err(|error| about(error, &email))?;
            let password = read_password(password_stdin)?;
            cloakroom.administration().by(actor()).set_password(&email, &password).await?;
            say(&format!("{email} has a new password; every session has ended."));
        }
        UserCommand::Promote { account, rights } => promote(&account, &rights).await?,
        UserCommand::Demote(account) => change_rank(&account, Rank::Plain, "has no special rights").await?,
        UserCommand::Deactivate(account) => set_active(&account, false).await?,
        UserCommand::Activate(account) => set_active(&account, true).await?,
        UserCommand::Delete(Account { email, place }) => {
            let deleted = place.open().await?.administration().by(actor()).delete(&email).await;
            deleted.map_err(|error| about(error, &email))?;
            say(&format!("{email} is deleted."));
        }
    }
    Ok(())
}

/// Gives rights to an account. An account that has them, or more, is unchanged.
async fn promote(account: &Account, rights: &Rights) -> Result<(), Failure> {
    let found = account.place.open().await?.administration().show(&account.email).await;
    let found = found.map_err(|error| about(error, &account.email))?;
    if found.is_superuser || (found.is_staff && !rights.superuser) {
        say(&format!("{} has these rights already.", account.email));
        return Ok(());
    }
    change_rank(account, rank(true, rights), "has more rights; every session has ended").await
}

async fn change_rank(account: &Account, rank: Rank, done: &str) -> Result<(), Failure> {
    let changed =
        account.place.open().await?.administration().by(actor()).set_rank(&account.email, rank).await;
    changed.map_err(|error| about(error, &account.email))?;
    say(&format!("{} {done}.", account.email));
    Ok(())
}

async fn set_active(account: &Account, is_active: bool) -> Result<(), Failure> {
    let changed =
        account.place.open().await?.administration().by(actor()).set_active(&account.email, is_active).await;
    changed.map_err(|error| about(error, &account.email))?;
    let done = if is_active { "is active" } else { "is deactivated; every session has ended" };
    say(&format!("{} {done}.", account.email));
    Ok(())
}

fn rank(staff: bool, rights: &Rights) -> Rank {
    match (staff, rights.superuser) {
        (_, true) => Rank::Superuser,
        (true, false) => Rank::Staff,
        (false, false) => Rank::Plain,
    }
}

fn about(error: cloakroom::Error, email: &str) -> Failure {
    match error {
        cloakroom::Error::NotFound => Failure::Refused(format!("{email} has no account")),
        other => other.into(),
    }
}

/// Reads a password from standard input, or asks for it twice. It never comes from the arguments, which every user of the
/// machine can read.
fn read_password(from_stdin: bool) -> Result<String, Failure> {
    if from_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask for the password: use --password-stdin".to_owned(),
        ));
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("The same again: ")? != password {
        return Err(Failure::Refused("the two passwords differ".to_owned()));
    }
    Ok(password)
}

/// Prints a line; a reader that has closed the pipe (`| head`) is not a failure.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Formats a value as JSON, for programs.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::Refused(error.to_string()))
}

/// Prints every account, page by page, so that memory stays constant for any number of accounts.
async fn list(administration: &Administration, json: bool) -> Result<(), Failure> {
    let mut page = administration.accounts(None, PAGE).await?;
    if page.accounts.is_empty() {
        say(if json { "[]" } else { "There are no accounts yet. Add one: cloakroom user add EMAIL" });
        return Ok(());
    }
    let mut rows = Rows::begin(json, &page.accounts);
    loop {
        rows.print(&page.accounts)?;
        let Some(next) = page.next else { break };
        page = administration.accounts(Some(&next), PAGE).await?;
    }
    rows.end();
    Ok(())
}

/// The format of a printed list: a JSON array, or a table with columns as wide as its first page needs.
enum Rows {
    Json { is_first: bool },
    Table { width: usize },
}

impl Rows {
    fn begin(json: bool, first: &[AccountView]) -> Self {
        if json {
            say("[");
            return Self::Json { is_first: true };
        }
        let width = first.iter().map(|account| account.email.chars().count()).max().unwrap_or_default();
        say(&format!("{:width$}  {:8}  {:9}  {:24}  LAST LOGIN", "EMAIL", "STATE", "RIGHTS", "JOINED"));
        Self::Table { width }
    }

    fn print(&mut self, accounts: &[AccountView]) -> Result<(), Failure> {
        for account in accounts {
            match self {
                Self::Json { is_first } => {
                    let comma = if std::mem::take(is_first) { "" } else { ",\n" };
                    let json = to_json(account)?.replace('\n', "\n  ");
                    let _ = write!(io::stdout(), "{comma}  {json}");
                }
                Self::Table { width } => {
                    let (email, joined) = (&account.email, account.date_joined.to_string());
                    let (state, rights, last) = (state(account), rights(account), last_login(account));
                    say(&format!("{email:0$}  {state:8}  {rights:9}  {joined:24}  {last}", *width));
                }
            }
        }
        Ok(())
    }

    fn end(self) {
        if matches!(self, Self::Json { .. }) {
            say("\n]");
        }
    }
}

fn details(account: &AccountView) -> String {
    let password = if account.has_password { "yes" } else { "no" };
    format!(
        "id          {}\nemail       {}\nstate       {}\nrights      {}\npassword    {password}\njoined      {}\nlast login  {}",
        account.id,
        account.email,
        state(account),
        rights(account),
        account.date_joined,
        last_login(account),
    )
}

fn state(account: &AccountView) -> &'static str {
    if account.is_active { "active" } else { "inactive" }
}

fn rights(account: &AccountView) -> &'static str {
    match (account.is_staff, account.is_superuser) {
        (_, true) => "superuser",
        (true, false) => "staff",
        (false, false) => "-",
    }
}

fn last_login(account: &AccountView) -> String {
    account.last_login.map_or("never".to_owned(), |instant| instant.to_string())
}
