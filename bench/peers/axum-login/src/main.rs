//! A login and a session check with axum-login, tower-sessions and SQLite: `axum-login-peer ADDRESS DATABASE plain|moka`.
//!
//! With `moka`, sessions are kept in memory before the database, by tower-sessions' own caching store.

use std::error::Error;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool};
use time::Duration;
use tower_sessions::{CachingSessionStore, Expiry, SessionManagerLayer, SessionStore};
use tower_sessions_moka_store::MokaStore;
use tower_sessions_sqlx_store::SqliteStore;

const EMAIL: &str = "ada@example.test";
const PASSWORD: &str = "correct-horse-battery";
/// Sessions that moka keeps at most.
const CACHED: u64 = 100_000;

#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
struct User {
    id: i64,
    email: String,
    is_staff: bool,
    is_superuser: bool,
    #[serde(skip)]
    password_hash: String,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    /// A changed password ends the sessions.
    fn session_auth_hash(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

#[derive(Clone, Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

#[derive(Clone, Debug)]
struct Backend {
    database: SqlitePool,
}

/// With the parameters that OWASP names, as ours.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = Credentials;
    type Error = sqlx::Error;

    async fn authenticate(&self, credentials: Credentials) -> Result<Option<User>, sqlx::Error> {
        let user: Option<User> = sqlx::query_as("SELECT * FROM users WHERE email = ?")
            .bind(credentials.email)
            .fetch_optional(&self.database)
            .await?;
        // As axum-login's example does: hashing may block, so it goes to the pool of blocking threads.
        let verify = move || {
            user.filter(|user| {
                PasswordHash::new(&user.password_hash)
                    .is_ok_and(|hash| argon2().verify_password(credentials.password.as_bytes(), &hash).is_ok())
            })
        };
        Ok(tokio::task::spawn_blocking(verify).await.unwrap_or_default())
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as("SELECT * FROM users WHERE id = ?").bind(id).fetch_optional(&self.database).await
    }
}

type AuthSession = axum_login::AuthSession<Backend>;

async fn login(mut session: AuthSession, Json(credentials): Json<Credentials>) -> StatusCode {
    match session.authenticate(credentials).await {
        Ok(Some(user)) => match session.login(&user).await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        },
        Ok(None) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn profile(session: AuthSession) -> Result<Json<User>, StatusCode> {
    session.user.map(Json).ok_or(StatusCode::UNAUTHORIZED)
}

fn app<S: SessionStore + Clone>(store: S, database: SqlitePool) -> Router {
    let sessions = SessionManagerLayer::new(store)
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(Duration::days(14)));
    let auth = AuthManagerLayerBuilder::new(Backend { database }, sessions).build();
    Router::new()
        .route("/api/login/", post(login))
        .route("/api/users/profile/", get(profile))
        .layer(auth)
        .route("/readyz", get(async || "ok"))
}

async fn prepare(database: &SqlitePool) -> Result<(), Box<dyn Error>> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
            is_staff BOOLEAN NOT NULL DEFAULT FALSE, is_superuser BOOLEAN NOT NULL DEFAULT FALSE)",
    )
    .execute(database)
    .await?;
    let salt = SaltString::from_b64("c29tZXNhbHRzb21lc2FsdA").map_err(|error| error.to_string())?;
    let hash = argon2().hash_password(PASSWORD.as_bytes(), &salt).map_err(|error| error.to_string())?;
    sqlx::query("INSERT OR IGNORE INTO users (email, password_hash) VALUES (?, ?)")
        .bind(EMAIL)
        .bind(hash.to_string())
        .execute(database)
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, file, kind] = &arguments[..] else { return Err("usage: axum-login-peer ADDRESS DATABASE plain|moka".into()) };
    let options =
        SqliteConnectOptions::new().filename(file).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let database = SqlitePool::connect_with(options).await?;
    prepare(&database).await?;
    let store = SqliteStore::new(database.clone());
    store.migrate().await?;
    let app = match kind.as_str() {
        "moka" => app(CachingSessionStore::new(MokaStore::new(Some(CACHED)), store), database),
        _ => app(store, database),
    };
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}
