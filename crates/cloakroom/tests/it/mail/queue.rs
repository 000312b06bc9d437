//! The mail queue does not reveal who has an account (finding S5).

use std::time::{Duration, Instant};

use cloakroom::administration::Rank;

use crate::support::app::{App, app_with, switch_limits_off};
use crate::support::calls::request_reset;
use crate::support::concurrency::within;
use crate::support::people::{ADA, EVE, visitor};
use crate::support::scripted_smtp::{Script, ScriptedSmtp};
use crate::support::timing::share_slower;

const NOBODY: &str = "nobody@example.test";
/// The number of samples of each kind.
const ROUNDS: usize = 20;
/// Four standard deviations of the share of slower pairs, for this many samples of equal distributions.
const TELLING: f64 = 0.37;

async fn app_mailing_to(server: &ScriptedSmtp) -> App {
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let app = app_with(|config| {
        switch_limits_off(config);
        config.mail.url = url.as_str().into();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    app.add(EVE, Rank::Plain).await;
    app
}

fn arrival(server: &ScriptedSmtp, to: &str, since: Instant) -> Option<Instant> {
    let to = format!("To: {to}\r\n");
    let mails = server.mails();
    mails.into_iter().find(|(mail, at)| mail.contains(&to) && *at > since).map(|(_, at)| at)
}

/// Four resets for somebody else, then one for oneself: the delay of one's own mail reveals nothing about the
/// four.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_s5_the_delay_of_ones_own_mail_reveals_no_accounts() {
    let server = ScriptedSmtp::start(Script::new().takes(Duration::from_millis(30)));
    let app = app_mailing_to(&server).await;
    let browser = visitor(&app).await;
    let mut samples = [Vec::new(), Vec::new()];
    for round in 0..2 * ROUNDS + 2 {
        let kind = round % 2;
        for _ in 0..4 {
            assert_eq!(request_reset(&browser, [ADA, NOBODY][kind]).await.status, 202);
        }
        let start = Instant::now();
        assert_eq!(request_reset(&browser, EVE).await.status, 202);
        within(Duration::from_secs(10), async || arrival(&server, EVE, start).is_some()).await;
        // The first sample of each kind includes the connection set-up.
        if round >= 2 {
            samples[kind].push(arrival(&server, EVE, start).unwrap() - start);
        }
        app.mails().await;
    }
    let share = share_slower(&samples[0], &samples[1]);
    assert!((share - 0.5).abs() < TELLING, "slower behind an account in {:.0} %: {samples:?}", share * 100.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_s5_no_recipient_takes_more_than_one_lane() {
    let server = ScriptedSmtp::start(Script::new().silent_at("end"));
    let app = app_mailing_to(&server).await;
    let browser = visitor(&app).await;
    let start = Instant::now();
    for spelling in [ADA, "Ada@Example.TEST", "ada@EXAMPLE.test", "\u{ff41}da@example.test"] {
        assert_eq!(request_reset(&browser, spelling).await.status, 202);
        within(Duration::from_secs(5), async || server.silences() > 0).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(request_reset(&browser, EVE).await.status, 202);
    within(Duration::from_secs(10), async || arrival(&server, EVE, start).is_some()).await;
    assert_eq!(server.mails().len(), 2, "one to each");
    server.release();
    app.mails().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_s5_a_mail_without_an_account_takes_as_long_as_one_with() {
    const TAKES: Duration = Duration::from_millis(400);
    let server = ScriptedSmtp::start(Script::new().takes(TAKES));
    let app = app_mailing_to(&server).await;
    let browser = visitor(&app).await;
    assert_eq!(request_reset(&browser, ADA).await.status, 202);
    app.mails().await;
    let start = Instant::now();
    assert_eq!(request_reset(&browser, NOBODY).await.status, 202);
    app.mails().await;
    assert!(start.elapsed() >= TAKES, "{:?}", start.elapsed());
    assert_eq!(server.mails().len(), 1, "and nobody gets one");
}
