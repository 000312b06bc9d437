//! Events and their effects when the process is killed at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{PATIENCE, Scene, moment, rounds};
use crate::support::installation::{Node, PASSWORD};

const ADA: &str = "ada@example.test";
/// The requests that are answered before the kill.
const ENOUGH: u32 = 8;

/// People who are busy with one server until it is gone.
struct Crowd {
    threads: Vec<JoinHandle<()>>,
    answered: Arc<AtomicU32>,
}

impl Crowd {
    /// Two people sign in and out, and one signs up, again and again.
    fn at(node: &Node, round: u64) -> Self {
        let mut crowd = Self { threads: Vec::new(), answered: Arc::default() };
        for _ in 0..2 {
            let (fresh, answered) = (node.browser(), Arc::clone(&crowd.answered));
            crowd.threads.push(thread::spawn(move || {
                let is_well = |status| {
                    answered.fetch_add(1, Ordering::SeqCst);
                    status == 200
                };
                let mut browser = fresh.clone();
                while is_well(browser.login(ADA, PASSWORD).status)
                    && is_well(browser.post("/api/logout/", &json!({})).status)
                {
                    browser = fresh.clone();
                }
            }));
        }
        let (mut browser, answered) = (node.browser(), Arc::clone(&crowd.answered));
        crowd.threads.push(thread::spawn(move || {
            browser.get("/api/login-set-cookie/");
            let mut form = json!({"email": format!("p{round}-@example.test"), "password": PASSWORD});
            while browser.post("/api/signup/", &form).status == 202 {
                let number = answered.fetch_add(1, Ordering::SeqCst);
                form["email"] = format!("p{round}-{number}@example.test").into();
            }
        }));
        crowd
    }

    /// Lets them go on until enough requests were answered, and returns the usual time of one.
    fn warm_up(&self) -> Duration {
        let start = Instant::now();
        while self.answered.load(Ordering::SeqCst) < ENOUGH {
            assert!(start.elapsed() < PATIENCE, "{:?}", self.answered);
            thread::sleep(Duration::from_millis(2));
        }
        start.elapsed() / ENOUGH
    }
}

/// Compares what happened with what is told.
fn assert_told(scene: &Scene, round: u64) {
    let session =
        |event: &str| format!("SELECT COALESCE(session_id, '') FROM cloakroom_events WHERE type = '{event}'");
    let (signed_in, signed_out) = (session("sign_in.ok"), session("sign_out"));
    let untold = scene.texts(&format!("SELECT id FROM cloakroom_sessions WHERE id NOT IN ({signed_in})"));
    assert_eq!(untold, Vec::<String>::new(), "round {round}: sessions without an event");
    let open = scene.texts(&format!("SELECT id FROM cloakroom_sessions WHERE id IN ({signed_out})"));
    assert_eq!(open, Vec::<String>::new(), "round {round}: sessions that are told as ended");
    let missing = format!(
        "{signed_in} AND session_id NOT IN (SELECT id FROM cloakroom_sessions) AND session_id NOT IN ({signed_out})"
    );
    assert_eq!(scene.texts(&missing), Vec::<String>::new(), "round {round}: sign-ins without a session");
    let twice = format!("{signed_in} GROUP BY session_id HAVING COUNT(*) > 1");
    assert_eq!(scene.texts(&twice), Vec::<String>::new(), "round {round}: sign-ins that are told twice");
    let signups = scene.texts("SELECT id FROM cloakroom_challenges WHERE kind = 'signup'").len();
    let told = scene.texts("SELECT id FROM cloakroom_events WHERE type = 'signup.started'").len();
    assert_eq!(signups, told, "round {round}: signups");
}

#[test]
fn a_kill_leaves_no_effect_without_its_event_and_no_event_without_its_effect() {
    let scene = Scene::new();
    scene.installation.add(ADA);
    for round in 0..rounds() {
        let node = scene.installation.node();
        let crowd = Crowd::at(&node, round);
        thread::sleep(moment(crowd.warm_up()));
        drop(node);
        for thread in crowd.threads {
            // Whoever finds that nobody listens any more has panicked.
            let _ = thread.join();
        }
        assert_told(&scene, round);
    }
    let count =
        |what: &str| scene.texts(&format!("SELECT id FROM cloakroom_events WHERE type = '{what}'")).len();
    let (signed_in, signed_out, signups) = (count("sign_in.ok"), count("sign_out"), count("signup.started"));
    assert!(signed_in > 0 && signed_out > 0 && signups > 0, "{signed_in} {signed_out} {signups}");
    eprintln!("{} kills: {signed_in} sign-ins, {signed_out} sign-outs, {signups} signups", rounds());
}
