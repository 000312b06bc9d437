//! The mark in a database made by `cloakroom dev`. Everybody knows the password of its sample users, so
//! `serve` refuses it.

use cloakroom::administration::Rank;
use cloakroom::testing::{PASSWORD, TestApp};
use cloakroom::{Cloakroom, Config, Error};

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
