//! The extractor `Principal`: who is here, and how they have proven it.

use axum::Router;
use axum::routing::get;
use cloakroom::administration::Rank;
use cloakroom::{Credential, Method, Principal, User};

use crate::support::app::embedded;
use crate::support::calls::reauthenticate;
use crate::support::people::ADA;

fn told(principal: &Principal) -> String {
    match &principal.credential {
        Credential::Session { id, amr, aal, authenticated_at, second_factor_at, .. } => {
            format!("{} {id} {amr:?} {aal} {authenticated_at} {second_factor_at:?}", principal.user.email)
        }
        other => format!("{other:?}"),
    }
}

fn routes() -> Router {
    Router::new()
        .route("/principal", get(async |principal: Principal| told(&principal)))
        .route(
            "/anybody",
            get(async |principal: Option<Principal>| principal.map_or("guest".into(), |p| told(&p))),
        )
        .route(
            "/both",
            get(async |user: User, principal: Principal| (user.id == principal.user.id).to_string()),
        )
        .route(
            "/second",
            get(async |principal: Principal| match principal.credential {
                Credential::Session { amr, aal: 2, .. } if amr.contains(&Method::Totp) => "by two factors",
                _ => "by one factor",
            }),
        )
}

#[tokio::test]
async fn a_principal_tells_the_session_and_its_proofs() {
    let app = embedded(|_| {}, routes()).await;
    app.add(ADA, Rank::Plain).await;
    let stranger = app.browser().get("/principal").await;
    assert_eq!((stranger.status.as_u16(), &*stranger.code()), (401, "not_authenticated"));
    assert_eq!(app.browser().get("/anybody").await.text, "guest");
    let ada = app.signed_in(ADA).await;
    let id = app.database.texts("SELECT id FROM cloakroom_sessions").await.remove(0);
    let at = ada.get("/api/session/").await.json()["authenticated_at"].as_str().unwrap().to_owned();
    assert_eq!(ada.get("/principal").await.text, format!("{ADA} {id} [Password] 1 {at} None"));
    assert_eq!(ada.get("/anybody").await.text, ada.get("/principal").await.text);
    assert_eq!(ada.get("/both").await.text, "true");
    let proven = reauthenticate(&ada, cloakroom::testing::PASSWORD).await;
    assert_eq!(proven.status, 200, "{}", proven.text);
    assert!(ada.get("/principal").await.text.contains(&id), "another ticket, the same session");
}

/// The column as a second factor will write it.
#[tokio::test]
async fn a_principal_tells_the_second_factor() {
    let app = embedded(|_| {}, routes()).await;
    app.add(ADA, Rank::Plain).await;
    assert_eq!(app.signed_in(ADA).await.get("/second").await.text, "by one factor");
    let ada = app.signed_in(ADA).await;
    app.database.change("UPDATE cloakroom_sessions SET amr = 'password totp', second_factor_at = 1000").await;
    assert_eq!(ada.get("/second").await.text, "by two factors");
    let told = ada.get("/principal").await.text;
    assert!(told.contains("[Password, Totp] 2") && told.ends_with("Some(Timestamp(1000))"), "{told}");
}
