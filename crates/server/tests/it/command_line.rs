//! What people type, and what they read back.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Output};
use std::time::Duration;

use sqlx::{Connection as _, Executor as _};

use crate::support::installation::{Installation, PASSWORD, run};
use crate::support::person::Person;
use crate::support::server::Server;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn cloakroom(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(arguments).envs(environment.iter().copied());
    run(command, "")
}

#[test]
fn an_account_is_added_listed_changed_and_deleted() {
    let installation = Installation::new("");
    installation.add("Ann@Example.test");
    let shown = installation.command(&["user", "show", "ann@example.test", "--json"], "");
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["email"], "Ann@Example.test");
    assert_eq!((&shown["is_active"], &shown["is_staff"]), (&true.into(), &false.into()));
    for (arguments, field, expected) in [
        (&["promote"][..], "is_staff", true),
        (&["promote", "--superuser"], "is_superuser", true),
        (&["demote"], "is_staff", false),
        (&["deactivate"], "is_active", false),
        (&["activate"], "is_active", true),
    ] {
        let line = [&["user"], arguments, &["ann@example.test"]].concat();
        let output = installation.command(&line, "");
        assert_eq!(status(&output), 0, "{line:?} {}", text(&output.stderr));
        let list = installation.command(&["user", "list", "--json"], "");
        let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
        assert_eq!(list[0][field], expected, "{line:?}");
    }
    assert_eq!(status(&installation.command(&["user", "delete", "ann@example.test"], "")), 0);
    let empty = installation.command(&["user", "list"], "");
    assert!(text(&empty.stdout).contains("There are no accounts yet"), "{}", text(&empty.stdout));
}

#[test]
fn a_refusal_is_status_1_and_wrong_usage_is_status_2() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let again = installation.command(&["user", "add", "ann@example.test", "--password-stdin"], PASSWORD);
    assert_eq!((status(&again), text(&again.stderr).trim()), (1, "ann@example.test exists already"));
    let nobody = installation.command(&["user", "show", "bob@example.test"], "");
    assert_eq!((status(&nobody), text(&nobody.stderr).trim()), (1, "bob@example.test has no account"));
    let no_terminal = installation.command(&["user", "add", "bob@example.test"], "");
    assert_eq!(status(&no_terminal), 2, "{}", text(&no_terminal.stderr));
    assert_eq!(status(&cloakroom(&["user", "sing"], &[])), 2);
    assert_eq!(status(&cloakroom(&["dev", "--listen", "0.0.0.0:0"], &[])), 2);
    assert_eq!(status(&cloakroom(&["user", "list", "--data-dir", "/nonexistent"], &[])), 1);
}

/// W04: the same rules as everywhere, with the reason.
#[test]
fn w04_a_weak_password_is_refused_with_the_reason() {
    let installation = Installation::new("");
    for (password, reason) in [
        ("short", "at least 10"),
        ("qwertyuiop", "lists"),
        ("ann.example", "too close"),
        ("", "Choose a password"),
    ] {
        let output =
            installation.command(&["user", "add", "ann.example@x.test", "--password-stdin"], password);
        assert_eq!(status(&output), 1, "{password}");
        assert!(text(&output.stderr).contains(reason), "{password}: {}", text(&output.stderr));
    }
}

#[test]
fn a_password_is_never_read_from_the_arguments() {
    let output = cloakroom(&["user", "add", "--help"], &[]);
    assert!(!text(&output.stdout).contains("--password "), "{}", text(&output.stdout));
}

#[test]
fn every_command_has_help() {
    for command in ["dev", "serve", "user", "migrate", "check", "openapi"] {
        assert_eq!(status(&cloakroom(&[command, "--help"], &[])), 0, "{command}");
    }
}

#[test]
fn check_names_the_place_and_the_key_meant() {
    let installation = Installation::with_database("sqlite:x.db", "");
    let path = installation.config();
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("lisen = \"127.0.0.1:1\"\n{good}")).unwrap();
    let output = installation.command(&["check"], "");
    assert_eq!(status(&output), 1);
    let expected = "cloakroom.toml:1:1: unknown key `lisen`; did you mean `listen`?";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    let serve = installation.command(&["serve"], "");
    assert_eq!((status(&serve), serve.stderr), (1, output.stderr));
}

#[test]
fn the_environment_goes_over_the_file_and_a_flag_over_both() {
    let installation = Installation::with_database("sqlite:x.db", "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["check", "-c"]).arg(installation.config()).envs([
        ("CLOAKROOM_APP__NAME", "Other"),
        ("CLOAKROOM_PASSWORD__MIN_LENGTH", "12"),
        ("CLOAKROOM_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128"),
        ("CLOAKROOM_PORT", "tcp://10.0.0.1:80"),
    ]);
    let output = run(command, "");
    assert_eq!(status(&output), 0, "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    let squeezed = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "name = \"Other\" # env CLOAKROOM_APP__NAME",
        "min_length = 12 # env CLOAKROOM_PASSWORD__MIN_LENGTH",
        "trusted_proxies = [\"10.0.0.0/8\", \"::1/128\"] # env CLOAKROOM_TRUSTED_PROXIES",
        "listen = \"127.0.0.1:3000\" # default",
    ] {
        assert!(squeezed.contains(line), "{line} in {shown}");
    }
}

#[test]
fn a_key_file_of_the_environment_goes_over_a_key_in_the_file() {
    let installation = Installation::with_database("sqlite:x.db", "");
    let text = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), format!("secret = \"0123456789abcdef0123456789abcdef\"\n{text}"))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["check", "-c"]).arg(installation.config()).env("CLOAKROOM_SECRET_FILE", "other.key");
    let shown = printed(&run(command, ""));
    assert!(shown.contains("other.key") && !shown.contains("secret = "), "{shown}");
}

#[test]
fn a_slip_in_the_name_of_a_variable_is_refused() {
    let output = cloakroom(&["check", "--data-dir", "x"], &[("CLOAKROOM_APP__NMAE", "x")]);
    assert_eq!(status(&output), 1);
    let expected = "CLOAKROOM_APP__NMAE: unknown variable; did you mean CLOAKROOM_APP__NAME?";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
}

#[test]
fn check_shows_no_secret() {
    let installation = Installation::with_database("postgres://user:hunter2hunter2@127.0.0.1/x", "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["check", "-c"]).arg(installation.config());
    command.env("CLOAKROOM_SECRET", "0123456789abcdef0123456789abcdef");
    let shown = text(&run(command, "").stdout);
    assert!(shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789abcdef"), "{shown}");
}

#[test]
fn an_unreachable_database_is_told_without_its_password() {
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
    // Whoever can open the claim on the database could take it, and keep the server from starting.
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

/// After a newer version has run, going back needs a back-up from before.
#[test]
fn a_schema_from_the_future_is_told_as_one() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let url = format!("sqlite:{}", installation.path().join("cloakroom.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let later = "INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, \
                     execution_time FROM _sqlx_migrations LIMIT 1";
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

#[test]
fn dev_has_three_people_to_sign_in_as() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let sign_in = |email: &str| Person::at(server.address(), &origin).login(email, "correct-horse-battery");
    let ada = sign_in("ada@example.test").json();
    assert_eq!((&ada["user"]["is_staff"], &ada["user"]["is_superuser"]), (&true.into(), &true.into()));
    assert_eq!(sign_in("grace@example.test").json()["user"]["is_staff"], false);
    assert_eq!(sign_in("alan@example.test").json()["code"], "account_inactive");
}

/// M06: nobody can sign in before somebody was added.
#[test]
fn m06_production_has_no_default_account() {
    let installation = Installation::new("");
    let node = installation.node();
    for email in ["ada@example.test", "admin@example.test"] {
        let reply = node.person().login(email, "correct-horse-battery");
        assert_eq!((reply.status, reply.problem().as_str()), (400, "invalid_credentials"));
    }
}

#[test]
fn nothing_of_dev_exists_in_serve() {
    let installation = Installation::new("");
    let node = installation.node();
    for path in ["/api/dev/mail/", "/api/dev/"] {
        assert_eq!(node.person().get(path).status, 404, "{path}");
    }
}

/// A back-up is restored by root, the service runs as somebody else.
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

/// The log is JSON, and none of its lines holds the password; nor does `check`.
#[test]
fn finding_n9_a_password_that_splits_its_url_is_shown_nowhere() {
    for url in [
        "postgres://app:2024#Secret@127.0.0.1:1/db",
        "postgres://app:2024?Secret@127.0.0.1:1/db",
        "postgres://app:2024/Secret@127.0.0.1:1/db",
        "postgres://app:x@127.0.0.1:1/db?passwd=Secret",
    ] {
        let installation = Installation::with_database(url, "");
        for arguments in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"], &["user", "list"]] {
            let output = installation.command(arguments, "");
            let told = text(&output.stdout) + &text(&output.stderr);
            assert!(!told.contains("Secret"), "{arguments:?} {told}");
            let is_split = !url.contains("passwd");
            assert_eq!(told.contains("%23"), is_split, "{arguments:?}: {told}");
            assert_eq!(
                status(&output),
                i32::from(is_split || arguments[0] != "check"),
                "{arguments:?}: {told}"
            );
        }
    }
}

#[test]
fn finding_s16_check_tells_what_is_doubtful_beside_the_configuration() {
    let installation = Installation::with_database("postgres://app:x@db.test/app", "");
    let output = installation.command(&["check"], "");
    assert_eq!(status(&output), 0);
    assert!(
        text(&output.stdout).parse::<toml::Table>().is_ok(),
        "warnings do not stand in what is read back"
    );
    let told = text(&output.stderr);
    assert!(told.contains("warning: ") && told.contains("`database.url`: does not insist on TLS"), "{told}");
    assert!(told.contains("cloakroom.toml can be read by everybody"), "{told}");
}
