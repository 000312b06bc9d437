//! Refused starts with their reasons, and the files that a start makes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use sqlx::{Connection as _, Executor as _};

use super::{cloakroom, status};
use crate::support::installation::{Installation, text};
use crate::support::server::Server;

#[test]
fn an_unreachable_database_is_reported_without_its_password() {
    let installation = Installation::with_database("postgres://user:hunter2hunter2@127.0.0.1:1/x", "");
    let output = installation.command(&["user", "list"], "");
    assert_eq!(status(&output), 1);
    let told = text(&output.stderr);
    assert!(told.contains("storage is away") && !told.contains("hunter2"), "{told}");
}

/// L09: a second server on one file, a file that cannot be opened, a key that others can read.
#[test]
fn l09_a_start_that_cannot_be_safe_is_refused_with_the_reason() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    let node = installation.node();
    let second = installation.command(&["serve", "--listen", "127.0.0.1:0"], "");
    assert_eq!(status(&second), 1);
    assert!(
        text(&second.stderr).contains("another cloakroom serves this database"),
        "{}",
        text(&second.stderr)
    );
    // Somebody who can open the lock file could take the lock and keep the server from starting.
    for file in ["cloakroom.db", "cloakroom.db.lock", "cloakroom.db.migration", "secret.key"] {
        let mode = fs::metadata(installation.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    drop(node);
    let key = installation.path().join("secret.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let readable = installation.command(&["serve"], "");
    assert_eq!(status(&readable), 1);
    assert!(text(&readable.stderr).contains("can be read by others"), "{}", text(&readable.stderr));
    let missing = Installation::with_database("sqlite:no/such/directory/cloakroom.db", "");
    assert_eq!(status(&missing.command(&["serve"], "")), 1);
}

#[test]
fn a_start_that_fails_names_the_place_and_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let steps = |own: &str| {
        format!(
            "[pipeline]\nsteps = [\"social_details\", \"social_uid\", {own}, \"social_user\", \"associate_user\"]"
        )
    };
    for (database, settings, told) in [
        ("sqlite:no/such/x.db", String::new(), "cloakroom.toml:4:1: `database.url`: there is no directory "),
        ("sqlite:cloakroom.toml", String::new(), "cloakroom.toml:4:1: `database.url`: sqlite:"),
        (
            "postgres://u:p@127.0.0.1:port/x",
            String::new(),
            "cloakroom.toml:4:1: `database.url`: must be postgres://user:password@host/database",
        ),
        ("sqlite:x.db", "dir = \"nowhere\"".into(), "cloakroom.toml:10:1: `app.dir`: "),
        ("sqlite:x.db", "pages = \"all\"".into(), "cloakroom.toml:10:1: `app.pages`: needs `app.dir`"),
        (
            "sqlite:x.db",
            steps("{ own = \"company\" }"),
            "cloakroom.toml:11:1: `pipeline.steps`: there is no step `company` in this program",
        ),
        (
            "sqlite:x.db",
            steps("{ webhook = \"https://hr.example.com\", secret_file = \"hook.key\" }"),
            "cloakroom.toml:11:1: `pipeline.steps`: webhook https://hr.example.com: ",
        ),
        (
            "sqlite:x.db",
            steps("{ hook = \"x\" }"),
            "cloakroom.toml:11:1: `pipeline.steps.2`: a step is a name, ",
        ),
    ] {
        let installation = Installation::with_database(database, &settings);
        let output = installation.command(&["serve", "--listen", "127.0.0.1:0"], "");
        let told_us = text(&output.stderr);
        assert_eq!((status(&output), told_us.lines().count()), (1, 1), "{told_us}");
        assert!(told_us.contains(told), "{told}: {told_us}");
    }
    let installation = Installation::with_database("sqlite:x.db", "");
    let output = installation.command(&["serve", "--listen", &taken.to_string()], "");
    let told = format!("flag --listen: `listen`: another program listens on {taken} already");
    assert!(text(&output.stderr).starts_with(&told), "{}", text(&output.stderr));
    let nowhere = cloakroom(&["serve", "-c", "/nonexistent/cloakroom.toml"], &[]);
    assert!(text(&nowhere.stderr).contains("`cloakroom check --example` prints one to start from"));
    assert!(text(&cloakroom(&["user", "list"], &[]).stderr).contains("give a file with -c"));
}

/// Once a newer version has run, going back needs an older back-up.
#[test]
fn a_schema_of_a_newer_version_is_reported() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let url = format!("sqlite:{}", installation.path().join("cloakroom.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let later = "INSERT INTO cloakroom_migrations SELECT 9999, description, installed_on, success, checksum, \
                     execution_time FROM cloakroom_migrations LIMIT 1";
        database.execute(later).await.unwrap();
        database.close().await.unwrap();
    });
    for arguments in [&["user", "list"][..], &["serve", "--listen", "127.0.0.1:0"], &["migrate"]] {
        let output = installation.command(arguments, "");
        let told = text(&output.stderr);
        assert!(told.contains("a newer Cloakroom has brought this database up to date"), "{told}");
        assert_eq!(status(&output), 1);
    }
}

#[test]
fn serve_refuses_a_database_of_dev_and_dev_one_of_serve() {
    let mut dev = Server::dev();
    let installation = Installation::with_database(
        &format!("sqlite:{}", dev.data_directory().join("cloakroom.db").display()),
        "",
    );
    dev.terminate();
    dev.wait(Duration::from_secs(5));
    let served = installation.command(&["serve"], "");
    assert_eq!(status(&served), 1);
    assert!(text(&served.stderr).contains("made by `cloakroom dev`"), "{}", text(&served.stderr));

    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let directory = installation.path().display().to_string();
    let developed = cloakroom(&["dev", "--listen", "127.0.0.1:0", "--data-dir", &directory], &[]);
    assert_eq!(status(&developed), 1);
    assert!(
        text(&developed.stderr).contains("was not made by `cloakroom dev`"),
        "{}",
        text(&developed.stderr)
    );
}

/// Root restores a back-up, and the service runs as another user.
#[test]
fn finding_n12_files_that_root_makes_belong_to_the_owner_of_the_database() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    std::os::unix::fs::chown(installation.path(), Some(65534), Some(65534)).unwrap();
    installation.add("ann@example.test");
    drop(installation.node());
    for file in fs::read_dir(installation.path()).unwrap().map(|file| file.unwrap()) {
        if file.file_name() != "cloakroom.toml" {
            let about = file.metadata().unwrap();
            assert_eq!((about.uid(), about.gid()), (65534, 65534), "{:?}", file.file_name());
            assert_eq!(about.mode() & 0o077, 0, "{:?}", file.file_name());
        }
    }
}

#[test]
fn finding_n12_a_file_that_cannot_be_opened_is_named() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    fs::create_dir(installation.path().join("cloakroom.db.migration")).unwrap();
    let output = installation.command(&["user", "list"], "");
    let told = text(&output.stderr);
    assert_eq!(status(&output), 1);
    assert!(told.contains("cloakroom.db.migration cannot be opened: Is a directory"), "{told}");
}
