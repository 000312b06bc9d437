//! URLs with passwords, which are parsed strictly and never shown. A configuration built in code is checked
//! like one from a file.

use cloakroom::config::{Overrides, Provider, SecretUrl, TrustEmail};
use cloakroom::testing::TestApp;
use cloakroom::{Cloakroom, Config};

use super::{LEAST, Place};

#[test]
fn finding_n9_an_ambiguous_url_is_not_shown_and_the_error_says_how_to_write_it() {
    for password in [
        "2024#Secret",
        "2024/Secret",
        "2024?Secret",
        "2024#Secret@more",
        "2024/Secret@more",
        "2024?Secret@more",
        "p@ss/Secret",
        "p@ss?Secret",
        "p@ss#Secret",
        "12/34#Secret",
        "x?sslmode=Secret",
    ] {
        for (scheme, key, rest) in [
            ("postgres", "sqlite:cloakroom.db", "db.test/app"),
            ("smtp", "smtp://127.0.0.1:1025", "mail.test"),
        ] {
            let url = format!("{scheme}://app:{password}@{rest}");
            let place = Place::new(&LEAST.replace(key, &url));
            let told = place.load().expect_err(&url);
            assert!(!told.contains("Secret"), "{url}: {told}");
            assert!(told.contains("%23"), "{url}: {told}");
            let shown = format!("{:?}", SecretUrl::from(&*url));
            assert_eq!(shown, "[redacted]", "{url}");
        }
    }
}

#[test]
fn finding_n9_an_unambiguous_url_is_shown_without_its_password() {
    for (url, shown) in [
        ("postgres://app:Secret@db.test/app", "postgres://app:[redacted]@db.test/app"),
        ("postgres://app:2024%23Secret@db.test/app", "postgres://app:[redacted]@db.test/app"),
        (
            "postgres://app:S@cret@db.test/app?sslmode=require",
            "postgres://app:[redacted]@db.test/app?sslmode=require",
        ),
        ("postgres://app@db.test:5432/app", "postgres://app@db.test:5432/app"),
        ("postgres://db.test/app?user=a&password=Secret", "[redacted]"),
        ("postgres://db.test/app?passwd=Secret", "[redacted]"),
        ("app:Secret@db.test/app", "[redacted]"),
        ("postgres:app:Secret@db.test/app", "[redacted]"),
        ("sqlite:data.db", "sqlite:data.db"),
    ] {
        assert_eq!(format!("{:?}", SecretUrl::from(url)), shown, "{url}");
    }
}

/// URLs as hosting services give them are accepted, including parameters for other programs.
#[test]
fn finding_n9_parameters_of_other_programs_are_taken() {
    for parameters in
        ["sslmode=require&channel_binding=require", "pgbouncer=true&connect_timeout=10", "user=app@server"]
    {
        let url = format!("postgres://app:x@db.test/app?{parameters}");
        Place::new(&LEAST.replace("sqlite:cloakroom.db", &url))
            .load()
            .unwrap_or_else(|told| panic!("{url}: {told}"));
    }
}

/// A change that makes a valid configuration invalid.
type Change<'a> = &'a dyn Fn(&mut Config);

#[tokio::test]
async fn finding_v4_a_configuration_built_in_code_is_checked_like_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let github = || {
        let mut github = Provider::default();
        github.id = "github".into();
        github.client_id = "x".into();
        github.client_secret = Some("y".to_owned().into());
        github
    };
    let cases: [(&str, Change<'_>); 7] = [
        ("`password.min_length`: must be from 8", &|config| config.password.min_length = 1),
        ("`provider.0.trust_email`: `always` is not safe", &|config| {
            config.provider = vec![github()];
            config.provider[0].trust_email = Some(TrustEmail::Always);
            let step = serde_json::from_str("\"associate_by_verified_email\"").unwrap();
            config.pipeline.steps.insert(4, step);
        }),
        ("`provider.1.id`: `github` appears twice", &|config| config.provider = vec![github(), github()]),
        ("`provider.0.id`: `link` cannot be", &|config| {
            config.provider = vec![github()];
            config.provider[0].id = "link".into();
            config.provider[0].kind = Some("github".into());
        }),
        ("`trusted_proxies`: must not name every address", &|config| {
            config.trusted_proxies = vec!["::/0".parse().unwrap()];
        }),
        ("`database.url`: must begin with", &|config| config.database.url = "mysql://x/y".into()),
        ("`app.name`: must be a name", &|config| config.app.name.clear()),
    ];
    for (told, change) in cases {
        let mut config = TestApp::config(&format!("sqlite:{}", directory.path().join("x.db").display()));
        change(&mut config);
        for refused in [Cloakroom::new(config.clone()).await, Cloakroom::for_administration(config).await] {
            let complaint = refused.map(drop).expect_err(told).to_string();
            assert!(complaint.contains(told), "{told}: {complaint}");
        }
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
}

#[tokio::test]
async fn finding_v4_urls_of_sqlx_are_understood_or_refused_with_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.db").display().to_string();
    for url in [
        format!("sqlite://{path}?mode=rwc"),
        format!("sqlite:{path}?cache=private&mode=rwc"),
        format!("sqlite:{path}"),
    ] {
        Cloakroom::for_administration(TestApp::config(&url)).await.unwrap().close().await;
    }
    let found: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(found.iter().all(|name| !name.to_string_lossy().contains('?')), "{found:?}");
    for (url, told) in [
        ("sqlite::memory:", "keeps nothing in memory"),
        ("sqlite://:memory:", "keeps nothing in memory"),
        ("sqlite:x.db?mode=memory", "without the parameter `mode`"),
        ("sqlite:x.db?mode=ro", "without the parameter `mode`"),
        ("sqlite:", "the path of a file"),
        ("sqlite://?mode=rwc", "the path of a file"),
    ] {
        let refused = Cloakroom::new(TestApp::config(url)).await.map(drop).expect_err(url).to_string();
        assert!(refused.contains(told), "{url}: {refused}");
        let loaded = Place::new(&LEAST.replace("sqlite:cloakroom.db", url)).load();
        if url.contains("x.db") || url.contains("memory") {
            assert!(loaded.expect_err(url).contains(told), "{url}");
        }
    }
    let place = Place::new(&LEAST.replace("sqlite:cloakroom.db", "sqlite://data.db?mode=rwc"));
    assert_eq!(place.load().unwrap().database_file(), Some(place.path().join("data.db")));
}

/// Settings that may be right but often are not cause a warning.
#[test]
fn finding_s16_doubtful_settings_are_reported_with_their_place() {
    let told = |from: &str, to: &str, top: &str| {
        let place = Place::new(&format!("{top}{}", LEAST.replace(from, to)));
        place.write("cloakroom.toml", &std::fs::read_to_string(place.file()).unwrap(), 0o600);
        place.load().unwrap().warnings().join("\n").replace(&format!("{}/", place.path().display()), "")
    };
    let proxied = "trusted_proxies = [\"127.0.0.1/32\"]\n";
    assert_eq!(told("", "", proxied), "");
    for (from, to, top, expected) in [
        (
            "smtp://127.0.0.1",
            "smtp://user:password@mail.test",
            proxied,
            "cloakroom.toml:6:1: `mail.url`: sends user",
        ),
        (
            "sqlite:cloakroom.db",
            "postgres://app:x@db.test/app",
            proxied,
            "cloakroom.toml:4:1: `database.url`: does not insist",
        ),
        (
            "sqlite:cloakroom.db",
            "postgres://app:x@db.test/app?sslmode=prefer",
            proxied,
            "`database.url`: does not insist",
        ),
        ("", "", "", "`trusted_proxies`: names no proxy"),
        ("", "", "trusted_proxies = [\"0.0.0.0/1\"]\n", "`trusted_proxies`: names a very large network"),
        (
            "",
            "",
            "trusted_proxies = [\"127.0.0.1\"]\nmetrics_listen = \"0.0.0.0:9100\"\n",
            "cloakroom.toml:2:1: `metrics_listen`: listens on all",
        ),
        (
            "",
            "",
            "trusted_proxies = [\"127.0.0.1\"]\nmetrics_listen = \"[::]:9100\"\n",
            "`metrics_listen`: listens on all",
        ),
    ] {
        let warnings = told(from, to, top);
        assert!(warnings.contains(expected) && warnings.lines().count() == 1, "{expected}: {warnings}");
        assert!(!warnings.contains("password@"), "{warnings}");
    }
    for (from, to) in [
        ("smtp://127.0.0.1:1025", "smtp://user:password@localhost"),
        ("smtp://127.0.0.1:1025", "smtps://user:password@mail.test"),
        ("smtp://127.0.0.1:1025", "smtp://mail.test"),
        ("sqlite:cloakroom.db", "postgres://app:x@db.test/app?sslmode=require"),
        ("sqlite:cloakroom.db", "postgres://app:x@127.0.0.1/app"),
        ("sqlite:cloakroom.db", "postgres:///app?host=/run/postgresql"),
    ] {
        assert_eq!(told(from, to, proxied), "", "{to}");
    }
    let every = Place::new(&format!("trusted_proxies = [\"0.0.0.0/0\"]\n{LEAST}")).load().unwrap_err();
    assert!(
        every.starts_with("cloakroom.toml:1:1: `trusted_proxies`: must not name every address"),
        "{every}"
    );
}

#[test]
fn finding_s16_a_world_readable_file_with_secrets_is_reported() {
    let text = LEAST.replace("sqlite:cloakroom.db", "postgres://app:x@127.0.0.1/app");
    for (text, mode, is_told) in [(&*text, 0o644, true), (&text, 0o640, false), (LEAST, 0o644, false)] {
        let place = Place::new(text);
        place.write("cloakroom.toml", text, mode);
        let warnings =
            Config::load(Some(&place.file()), &Overrides::default()).unwrap().warnings().join("\n");
        assert_eq!(warnings.contains("can be read by everybody"), is_told, "{mode:o}: {warnings}");
    }
}
