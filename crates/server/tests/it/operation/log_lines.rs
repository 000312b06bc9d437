//! Log lines that anybody can cause: they are counted and written as one.

use std::time::{Duration, Instant};

use crate::support::server::Server;

const REFUSED: &str = "csrf check failed";

/// Returns the counts in the lines that contain `text`.
fn counts(output: &str, text: &str) -> Vec<u64> {
    let number = |line: &str| {
        let (_, rest) = line.split_once("count")?;
        let digits: String =
            rest.chars().skip_while(|sign| !sign.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    output.lines().filter(|line| line.contains(text)).map(|line| number(line).unwrap_or(1)).collect()
}

#[test]
fn finding_s12_refusals_write_one_line_per_second_and_reason_and_none_is_lost() {
    const TRIES: u64 = 500;
    let server = Server::dev();
    let begun = Instant::now();
    for _ in 0..TRIES {
        assert_eq!(server.request("POST", "/api/login/", &[], b"{}").status, 403);
    }
    let most = usize::try_from(begun.elapsed().as_secs()).unwrap() + 3;
    for (text, what) in [(REFUSED, "reasons"), ("refused", "requests")] {
        let is_told = || counts(&server.output(), text).iter().sum::<u64>() >= TRIES - 1;
        while !is_told() && begun.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let counts = counts(&server.output(), text);
        let sum: u64 = counts.iter().sum();
        // The first request has a line of its own.
        assert!(sum == TRIES || (what == "requests" && sum == TRIES - 1), "{what}: {counts:?}");
        assert!(counts.len() <= most, "{what}: {} lines in {most} seconds: {counts:?}", counts.len());
    }
}

/// A sign-out without a session needs no token and succeeds, so anybody can repeat it without end.
#[test]
fn finding_s12_requests_that_succeed_fill_no_log_either() {
    const TRIES: u64 = 400;
    let server = Server::dev();
    let begun = Instant::now();
    let body = [("Content-Type", "application/json")];
    for _ in 0..TRIES {
        assert_eq!(server.request("POST", "/api/logout/", &body, b"{}").status, 200);
    }
    let lines = || server.output().lines().filter(|line| line.contains("/api/logout/")).count() as u64;
    let told = || lines() + counts(&server.output(), "more requests").iter().sum::<u64>();
    while told() < TRIES && begun.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(told(), TRIES);
    assert!(lines() <= 100 * (begun.elapsed().as_secs() + 2), "{} lines", lines());
}

#[test]
fn finding_v11_requests_without_a_session_write_one_line_a_minute() {
    let server = Server::dev();
    for _ in 0..200 {
        assert_eq!(server.get("/api/users/profile/").status, 401);
    }
    server.wait_for_output("requests without a session");
    let output = server.output();
    assert_eq!(counts(&output, "requests without a session").len(), 1, "{output}");
    assert!(!output.contains("/api/users/profile/"), "{output}");
    // At DEBUG each request has its own line.
    let server = Server::dev_with(&[("CLOAKROOM_LOG", "debug")], &[]);
    assert_eq!(server.get("/api/users/profile/").status, 401);
    server.wait_for_output("/api/users/profile/");
}
