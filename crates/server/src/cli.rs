//! The command line, as `--help` tells it. Exit status: 0 done, 1 refused or failed, 2 wrong usage.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use cloakroom::config::Lifetime;
use cloakroom::{Clock, Timestamp};

/// Sign-in for web apps: the API, the pages and the accounts in one binary.
#[derive(Parser)]
#[command(name = "cloakroom", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run with everything on and nothing to configure: sample users, on this machine only.
    Dev {
        /// The address and port to listen on; a loopback address, 127.0.0.1:3000 when nothing is said. Port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
        /// The directory that keeps everything.
        #[arg(long, default_value = "cloakroom-data", value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Run for production.
    Serve {
        /// The configuration file; `cloakroom.toml` of this directory when there is one, else all of it comes from the environment.
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The address and port to listen on, instead of the configuration's.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
    },
    /// Add, list and change accounts; works while the server runs.
    #[command(subcommand)]
    User(UserCommand),
    /// See what waits to be sent, and what mails look like; works while the server runs.
    #[command(subcommand)]
    Mail(MailCommand),
    /// See what happened and who did it; works while the server runs.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// End sessions; works while the server runs.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Bring the database's schema up to date.
    Migrate(Place),
    /// Copy a SQLite database to a file, while it is in use. The copy is of one moment, and checked.
    Backup {
        /// The copy; a file that does not exist yet.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Put a copy in the place of a SQLite database, while the server is stopped. Ends every session.
    Restore {
        /// A copy that `backup` has made.
        file: PathBuf,
        /// Keep sessions as the copy has them, those that were signed out since among them.
        #[arg(long)]
        keep_sessions: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Check the configuration and show it merged, each value with its source, secrets redacted.
    Check {
        #[command(flatten)]
        place: Place,
        /// Print a file to start from instead: every key with its meaning and default.
        #[arg(long, conflicts_with_all = ["config", "data_dir", "schema"])]
        example: bool,
        /// Print the JSON Schema of the file instead, for editors.
        #[arg(long, conflicts_with_all = ["config", "data_dir"])]
        schema: bool,
    },
    /// Print the OpenAPI document of the API.
    Openapi,
}

/// Which installation is meant; without either, that of `cloakroom.toml` in this directory, or of the environment.
#[derive(Args)]
pub(crate) struct Place {
    /// The configuration file of `serve`.
    #[arg(short, long, value_name = "FILE", conflicts_with = "data_dir")]
    pub(crate) config: Option<PathBuf>,
    /// The directory of `dev`.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// The file that is read when none is named.
const CONFIG_FILE: &str = "cloakroom.toml";

/// The configuration file that is named, or the one of this directory.
pub(crate) fn config_file(named: Option<&Path>) -> Option<PathBuf> {
    let here = || Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.is_file());
    named.map(Path::to_path_buf).or_else(here)
}

/// An account, by its address.
#[derive(Args)]
pub(crate) struct Account {
    /// The account's address.
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Rights beyond signing in.
#[derive(Args)]
pub(crate) struct Rights {
    /// May do everything, not only see the administration.
    #[arg(long)]
    pub(crate) superuser: bool,
}

/// A command for accounts.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Add an account whose address you vouch for. Asks for the password.
    Add {
        #[command(flatten)]
        account: Account,
        /// Read the password from standard input instead of asking.
        #[arg(long)]
        password_stdin: bool,
        /// Ask for no password: a mail lets the person choose one.
        #[arg(long, conflicts_with = "password_stdin")]
        invite: bool,
        /// The language of that mail; the first of `app.languages` when nothing is said.
        #[arg(long, value_name = "TAG", requires = "invite")]
        locale: Option<String>,
        /// May see the administration.
        #[arg(long)]
        staff: bool,
        #[command(flatten)]
        rights: Rights,
    },
    /// List all accounts, oldest first.
    List {
        #[command(flatten)]
        place: Place,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one account.
    Show {
        #[command(flatten)]
        account: Account,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Replace the password and end every session. Asks for the password.
    SetPassword {
        #[command(flatten)]
        account: Account,
        /// Read the password from standard input instead of asking.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make somebody staff. Ends their sessions, because no session may rise in privilege.
    Promote {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        rights: Rights,
    },
    /// Take all rights beyond signing in.
    Demote(Account),
    /// Close an account and end every session.
    Deactivate(Account),
    /// Open a closed account again.
    Activate(Account),
    /// Remove an account with everything that belongs to it.
    Delete(Account),
}

/// A command for sessions.
#[derive(Subcommand)]
pub(crate) enum SessionCommand {
    /// Sign people out.
    End {
        /// Everybody, everywhere.
        #[arg(long, required = true)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// A command for events.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List events, newest first.
    List {
        #[command(flatten)]
        filter: AuditFilter,
        /// The number of events, at most 200.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
        /// Only those that come after this one in the list: the last id of the page before.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Print all events, newest first. The export itself is an event.
    Export {
        #[command(flatten)]
        filter: AuditFilter,
        /// A JSON object a line, or a table for spreadsheets.
        #[arg(long, value_enum, default_value_t = AuditFormat::Ndjson)]
        format: AuditFormat,
        #[command(flatten)]
        place: Place,
    },
}

/// Which events; those that fit everything that is given.
#[derive(Args)]
pub(crate) struct AuditFilter {
    /// Of this type, as `sign_in.failed`, or of all that begin so, as `user.*`; several are alternatives.
    #[arg(long, value_name = "TYPE")]
    pub(crate) r#type: Vec<String>,
    /// Done by this account (id or address).
    #[arg(long, value_name = "WHO")]
    pub(crate) actor: Option<String>,
    /// About this account (id or address), or the mail with this id.
    #[arg(long, value_name = "WHO")]
    pub(crate) target: Option<String>,
    /// In the session with this id.
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// From this address, or from this network as the list shows it.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) network: Option<String>,
    /// Not before then: `2026-01-31`, `2026-01-31T08:00:00Z`, or as long ago as `7d`.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) since: Option<Timestamp>,
    /// Before then.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) until: Option<Timestamp>,
    /// Whose names begin so, are at `@this.domain`, or have this id.
    #[arg(long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
}

/// Reads a point in time, or how long ago it was.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(ago) = Lifetime::try_from(text.to_owned()) {
        return Ok(Clock::System.now().minus(ago.duration()));
    }
    let full = if text.len() == "2026-01-31".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    serde_json::from_value(full.into())
        .map_err(|_| "write it as in `2026-01-31`, `2026-01-31T08:00:00Z`, or `7d` for a week ago".to_owned())
}

/// The form of an export.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AuditFormat {
    /// A JSON object a line.
    Ndjson,
    /// A table for spreadsheets.
    Csv,
}

/// A command for mail.
#[derive(Subcommand)]
pub(crate) enum MailCommand {
    /// List the mails that have not left: those that wait for another try, and those that were given up.
    List {
        #[command(flatten)]
        place: Place,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Try mails again that were given up.
    Retry {
        /// Which ones; all of them when none is named.
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// All of them, said aloud.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Show every mail with sample data in the browser; with a name, print that one. Nothing is sent.
    Preview {
        /// Which one to print.
        name: Option<String>,
        /// Write the pages into this directory instead of serving them.
        #[arg(long, value_name = "DIR", conflicts_with = "name")]
        out: Option<PathBuf>,
        /// List the names instead.
        #[arg(long, conflicts_with_all = ["name", "out"])]
        list: bool,
        /// Its language.
        #[arg(long, value_name = "TAG", default_value = "en")]
        locale: String,
        /// Which part of it.
        #[arg(long, value_enum, default_value_t = MailFormat::Text)]
        format: MailFormat,
        #[command(flatten)]
        place: Place,
    },
    /// Send a test mail at once, and tell what the mail server says.
    Test {
        /// To whom.
        address: String,
        #[command(flatten)]
        place: Place,
    },
}

/// The two parts of a mail.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum MailFormat {
    /// Subject and plain part.
    Text,
    /// HTML part.
    Html,
}
