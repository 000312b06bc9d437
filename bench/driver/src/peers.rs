//! The other systems: started as their own documents say, each with one account and one session.
//!
//! `bench/peers/install.sh` has put them into `bench/.scratch/peers`; they listen on loopback and keep their data in
//! the run's directory or in the throwaway Postgres.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::http::{self, Connection};
use crate::load::same;
use crate::parts::{Subject, progress};
use crate::place::{PASSWORD, Place};
use crate::process::{Result, Server, command, free_address};
use crate::seed;

/// The address of the account that every other system has.
const EMAIL: &str = "ada@example.test";

/// Starts all of them; says their versions as well.
pub async fn start(place: &Place) -> Result<(Vec<Subject>, Vec<(String, String)>)> {
    let installed = place.root.join("bench/.scratch/peers");
    let mut subjects = Vec::new();
    for moka in [false, true] {
        subjects.push(axum_login(place, &installed, moka).await?);
    }
    subjects.push(better_auth(place, &installed).await?);
    for hasher in ["argon2", "pbkdf2"] {
        subjects.push(django(place, &installed, hasher).await?);
    }
    for subject in &subjects {
        progress("peers", &format!("{} runs", subject.name));
    }
    let versions = fs::read_to_string(installed.join("versions"))?;
    let versions = versions.lines().filter_map(|line| line.split_once(' '));
    Ok((subjects, versions.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()))
}

async fn axum_login(place: &Place, installed: &Path, moka: bool) -> Result<Subject> {
    let name = if moka { "axum-login, SQLite and moka" } else { "axum-login, SQLite" };
    let address = free_address()?;
    let mut command =
        command(installed.join("axum-login/release/axum-login-peer"), &place.file("axum-login.log"))?;
    let database = place.file(if moka { "axum-login-moka.db" } else { "axum-login.db" });
    command.arg(address.to_string()).arg(database).arg(if moka { "moka" } else { "plain" });
    let server = Server::start(command, address, "/readyz").await?;
    let body = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"}}"#);
    signed_in(name, server, http::post("/api/login/", "", &body), "/api/users/profile/").await
}

async fn better_auth(place: &Place, installed: &Path) -> Result<Subject> {
    let address = free_address()?;
    let directory = installed.join("better-auth");
    let database = seed::create_postgres(&place.postgres, "bench_better_auth").await?;
    let mut command = command("node", &place.file("better-auth.log"))?;
    command.arg("server.mjs").arg(address.port().to_string()).arg(&database).current_dir(&directory);
    command.env("NODE_ENV", "production");
    let server = Server::start(command, address, "/readyz").await?;
    let body = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"}}"#);
    let origin = format!("Origin: http://{}\r\n", http::HOST);
    let login = http::post("/api/auth/sign-in/email", &origin, &body);
    signed_in("better-auth, Postgres", server, login, "/api/users/profile/").await
}

async fn django(place: &Place, installed: &Path, hasher: &str) -> Result<Subject> {
    let address = free_address()?;
    let database = seed::create_postgres(&place.postgres, &format!("bench_django_{hasher}")).await?;
    let programs = installed.join("django/bin");
    let directory = place.root.join("bench/peers/django");
    let log = place.file(&format!("django-{hasher}.log"));
    let environment =
        [("DATABASE_URL", database.as_str()), ("HASHER", hasher), ("PYTHONDONTWRITEBYTECODE", "1")];
    let prepared = manage(&programs.join("python"), &directory, &log, &environment).await?;
    if !prepared {
        return Err(format!("Django cannot be prepared: {}", fs::read_to_string(&log)?).into());
    }
    let mut command = command(programs.join("gunicorn"), &log)?;
    let cores = std::thread::available_parallelism()?.to_string();
    command
        .args([
            "--workers",
            &cores,
            "--worker-class",
            "gthread",
            "--threads",
            "4",
            "--bind",
            &address.to_string(),
        ])
        .arg("project:application")
        .current_dir(&directory)
        .envs(environment);
    let server = Server::start(command, address, "/readyz").await?;
    let login = django_login(address).await?;
    let name = if hasher == "argon2" { "Django and DRF, Argon2" } else { "Django and DRF, as it comes" };
    signed_in(name, server, login, "/api/users/profile/").await
}

async fn manage(
    python: &PathBuf,
    directory: &Path,
    log: &Path,
    environment: &[(&str, &str)],
) -> Result<bool> {
    for arguments in [&["project.py", "migrate"][..], &["project.py", "add_account", EMAIL, PASSWORD]] {
        let mut command: Command = command(python, log)?;
        command.args(arguments).current_dir(directory).envs(environment.iter().copied());
        if !command.status().await?.success() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Django wants its CSRF cookie and header, as ours does.
async fn django_login(address: SocketAddr) -> Result<Vec<u8>> {
    let reply = http::once(address, &http::get("/api/login-set-cookie/", "")).await?;
    let token = reply.cookie("csrftoken").ok_or("Django set no csrftoken")?;
    let headers = format!("X-CSRFToken: {token}\r\nCookie: csrftoken={token}\r\n");
    Ok(http::post("/api/login/", &headers, &format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"}}"#)))
}

/// Signs in once, and keeps the cookies that come back for the checks.
async fn signed_in(name: &str, server: Server, login: Vec<u8>, path: &str) -> Result<Subject> {
    let mut connection = Connection::open(server.address).await?;
    connection.send(&login).await?;
    let reply = connection.reply();
    let set = reply.head.lines().filter_map(|line| line.split_once(": "));
    let cookies: Vec<_> = set
        .filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"))
        .filter_map(|(_, value)| value.split(';').next())
        .collect();
    if reply.status != 200 || cookies.is_empty() {
        return Err(format!(
            "{name} answers a sign-in with {}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        )
        .into());
    }
    let headers = format!("Accept: application/json\r\nCookie: {}\r\n", cookies.join("; "));
    let check = same(http::get(path, &headers));
    Ok(Subject { name: name.to_owned(), server, check, logins: vec![login] })
}
