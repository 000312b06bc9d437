//! The tools of development, and the mark in a database made with them. Everybody knows the password of the sample
//! users, so `serve` refuses such a database.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use cloakroom::administration::Rank;
use cloakroom::config::Address;
use cloakroom::testing::{PASSWORD, TestApp};
use cloakroom::{Cloakroom, Config, Error, SAMPLE_PASSWORD};
use http::StatusCode;
use tower::Service as _;

use crate::support::database::Database;
use crate::support::people::ADA;

/// The configuration of `dev`, on this test's database.
fn development(database: &Database, directory: &tempfile::TempDir) -> Config {
    let mut config = Config::development(directory.path(), 3000).unwrap();
    config.database.url = (&*database.url).into();
    config
}

async fn complaint(config: Config) -> String {
    match Cloakroom::new(config).await {
        Err(Error::Config(complaint)) => complaint,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

#[tokio::test]
async fn a_database_of_dev_is_refused_by_everything_else() {
    let (database, directory) = (Database::new().await, tempfile::tempdir().unwrap());
    let first = Cloakroom::new(development(&database, &directory)).await.unwrap();
    first.administration().add(ADA, PASSWORD, Rank::Superuser).await.unwrap();
    first.close().await;
    let again = Cloakroom::new(development(&database, &directory)).await.unwrap();
    assert!(again.administration().show(ADA).await.unwrap().is_superuser, "dev itself goes on where it was");
    again.close().await;
    let production = TestApp::config(&database.url);
    assert!(complaint(production.clone()).await.contains("sample users with a known password"));
    assert!(Cloakroom::for_administration(production).await.is_err(), "nor by the command line of another");
}

#[tokio::test]
async fn m06_dev_adds_nobody_to_a_database_that_is_in_use() {
    let (database, directory) = (Database::new().await, tempfile::tempdir().unwrap());
    let production = Cloakroom::new(TestApp::config(&database.url)).await.unwrap();
    production.administration().add(ADA, PASSWORD, Rank::Plain).await.unwrap();
    production.close().await;
    assert!(complaint(development(&database, &directory)).await.contains("was not made by `cloakroom dev`"));
    assert_eq!(database.rows("development").await, 0, "it is not marked by the attempt");
    let production = Cloakroom::new(TestApp::config(&database.url)).await;
    assert!(production.is_ok(), "and goes on working");
}

async fn ask(router: &Router, host: &str, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
    let reply = router.clone().call(request).await.unwrap();
    let status = reply.status();
    let body = axum::body::to_bytes(reply.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn an_app_in_development_has_an_inbox_people_and_stand_ins() {
    let (database, directory) = (Database::new().await, tempfile::tempdir().unwrap());
    let cloakroom = Cloakroom::new(development(&database, &directory)).await.unwrap();
    let router = cloakroom.development().await.unwrap();
    let (status, page) = ask(&router, "localhost:3000", "/dev").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(SAMPLE_PASSWORD) && page.contains("github"), "{page}");
    assert_eq!(ask(&router, "localhost:3000", "/api/dev/mail/").await, (StatusCode::OK, "[]".to_owned()));
    assert_eq!(ask(&router, "app.localhost", "/dev/mail").await.0, StatusCode::OK);
    assert_eq!(ask(&router, "[::1]:3000", "/dev/idp/google/certs").await.0, StatusCode::OK);
    assert!(cloakroom.administration().show("ada@example.test").await.unwrap().is_superuser);

    assert!(cloakroom.development().await.is_ok(), "people who are there are not added again");
    for foreign in ["rebound.example.com", "localhost.example.com:3000", "192.168.0.7:3000"] {
        assert_eq!(ask(&router, foreign, "/api/dev/mail/").await.0, StatusCode::NOT_FOUND, "{foreign}");
    }
    cloakroom.close().await;
}

#[tokio::test]
async fn the_tools_of_development_are_refused_where_others_could_reach_them() {
    let (database, directory) = (Database::new().await, tempfile::tempdir().unwrap());
    let refusal = async |config: Config| {
        let cloakroom = Cloakroom::new(config).await.unwrap();
        let refusal = cloakroom.development().await.map(drop).unwrap_err();
        assert_eq!(
            cloakroom.administration().accounts(None, 1).await.unwrap().accounts.len(),
            0,
            "nobody is added"
        );
        cloakroom.close().await;
        refusal.with_causes()
    };
    let production = Database::new().await;
    let told = refusal(TestApp::config(&production.url)).await;
    assert!(told.contains("`Config::development`"), "{told}");

    let mut config = development(&database, &directory);
    config.public_url = "https://app.example.com".to_owned().try_into().unwrap();
    let told = refusal(config).await;
    assert!(told.contains("`public_url`") && told.contains("https://app.example.com"), "{told}");

    let mut config = development(&database, &directory);
    config.listen = Address("0.0.0.0:3000".parse().unwrap());
    let told = refusal(config).await;
    assert!(told.contains("`listen`") && told.contains("0.0.0.0:3000"), "{told}");
}

#[tokio::test]
async fn a_provider_that_is_set_up_for_real_has_no_stand_in() {
    let (database, directory) = (Database::new().await, tempfile::tempdir().unwrap());
    let mut config = development(&database, &directory);
    let github = serde_json::json!({"id": "github", "client_id": "real", "client_secret": "secret"});
    config.provider.push(serde_json::from_value(github).unwrap());
    let cloakroom = Cloakroom::new(config).await.unwrap();
    let router = cloakroom.development().await.unwrap();
    assert_eq!(ask(&router, "localhost:3000", "/dev/idp/github/style.css").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&router, "localhost:3000", "/dev/idp/google/style.css").await.0, StatusCode::OK);
    cloakroom.close().await;
}
