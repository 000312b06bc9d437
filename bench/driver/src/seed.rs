//! Accounts and sessions written straight into a database, as many as a measurement needs.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::process::Result;

/// Rows in one statement.
const BATCH: usize = 20_000;
/// Sessions of one account.
pub const SESSIONS_EACH: usize = 10;
/// The sessions were begun this long ago, and used a moment ago.
const AGE: Duration = Duration::from_hours(1);

/// The ticket of the session with this number: 43 characters of base64url, as Cloakroom makes them.
pub fn ticket(number: usize) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("bench ticket {number}")))
}

fn ticket_hash(number: usize) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(ticket(number)))
}

/// An id in the form of a UUID, the same for the same number.
fn id(kind: u8, number: usize) -> String {
    format!("019a0000-{kind:04x}-7000-8000-{number:012x}")
}

/// The address of the account that has the session with this number.
pub fn email(session: usize) -> String {
    format!("person-{}@example.test", session / SESSIONS_EACH)
}

/// Rows of accounts and sessions as JSON arrays, which both engines can read as a table.
struct Rows {
    users: String,
    sessions: String,
}

impl Rows {
    /// The sessions `from..to`, in the order of their hashes, so that the index grows at its end.
    fn of(numbers: &[(String, usize)], users: std::ops::Range<usize>) -> Result<Self> {
        let users: Vec<_> = users.map(|number| (id(1, number), email(number * SESSIONS_EACH))).collect();
        let sessions: Vec<_> = numbers
            .iter()
            .map(|(hash, number)| (id(2, *number), hash, id(1, number / SESSIONS_EACH)))
            .collect();
        Ok(Self { users: serde_json::to_string(&users)?, sessions: serde_json::to_string(&sessions)? })
    }
}

/// Gives the database at `url`, whose schema is there, `count` sessions.
pub async fn sessions(url: &str, count: usize) -> Result<()> {
    let mut numbers: Vec<_> = (0..count).map(|number| (ticket_hash(number), number)).collect();
    numbers.sort_unstable();
    let mut database = Database::open(url).await?;
    let users = count.div_ceil(SESSIONS_EACH);
    for (index, batch) in numbers.chunks(BATCH).enumerate() {
        // The accounts of all sessions come with the first batch: sessions refer to them.
        let users = if index == 0 { 0..users } else { 0..0 };
        database.insert(&Rows::of(batch, users)?).await?;
    }
    database.settle().await
}

enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    async fn open(url: &str) -> Result<Self> {
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Ok(Self::Postgres(PgConnection::connect(url).await?));
        };
        let options = SqliteConnectOptions::new()
            .filename(Path::new(path))
            .pragma("synchronous", "OFF")
            .pragma("cache_size", "-200000");
        Ok(Self::Sqlite(SqliteConnection::connect_with(&options).await?))
    }

    async fn insert(&mut self, rows: &Rows) -> Result<()> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let then = now - i64::try_from(AGE.as_millis())?;
        let end = then + 90 * 24 * 60 * 60 * 1000;
        match self {
            Self::Sqlite(connection) => {
                sqlx::query(
                    "INSERT INTO cloakroom_users (id, email, email_canonical, date_joined)
                     SELECT value->>0, value->>1, value->>1, $2 FROM json_each($1)",
                )
                .bind(&rows.users)
                .bind(then)
                .execute(&mut *connection)
                .await?;
                sqlx::query(
                    "INSERT INTO cloakroom_sessions
                         (id, ticket_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at)
                     SELECT value->>0, value->>1, value->>2, $2, $2, $3, $4 FROM json_each($1)",
                )
                .bind(&rows.sessions)
                .bind(then)
                .bind(now)
                .bind(end)
                .execute(connection)
                .await?;
            }
            Self::Postgres(connection) => {
                sqlx::query(
                    "INSERT INTO cloakroom_users (id, email, email_canonical, date_joined)
                     SELECT value->>0, value->>1, value->>1, $2 FROM json_array_elements($1::json)",
                )
                .bind(&rows.users)
                .bind(then)
                .execute(&mut *connection)
                .await?;
                sqlx::query(
                    "INSERT INTO cloakroom_sessions
                         (id, ticket_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at)
                     SELECT value->>0, value->>1, value->>2, $2, $2, $3, $4 FROM json_array_elements($1::json)",
                )
                .bind(&rows.sessions)
                .bind(then)
                .bind(now)
                .bind(end)
                .execute(connection)
                .await?;
            }
        }
        Ok(())
    }

    /// What a database that has stood for a while has had done to it.
    async fn settle(self) -> Result<()> {
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
                connection.close().await?;
            }
            Self::Postgres(mut connection) => {
                sqlx::query("VACUUM ANALYZE").execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

/// Makes an empty database beside the one at `url`, on Postgres; says its address.
pub async fn create_postgres(url: &str, name: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    connection.close().await?;
    let (server, _) = url.rsplit_once('/').ok_or("the address of Postgres has no database")?;
    Ok(format!("{server}/{name}"))
}

/// How many rows a table has, on Postgres.
pub async fn count_limits(url: &str) -> Result<i64> {
    let mut connection = PgConnection::connect(url).await?;
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM cloakroom_limits").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(count)
}
