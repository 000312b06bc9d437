//! The commands, each from start to end.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::load::same;
use crate::parts::stored::Pair;
use crate::parts::{
    Subject, check, checks_of, crowd, descriptors, flood, instructions as counting, limiter, login, nodes, outbox,
    progress, size, soak as soaking, stored, storm,
};
use crate::place::{ACCOUNTS, Installation, Place, account, login_request, session_check};
use crate::process::{Result, Server};
use crate::results::{Results, Storm};
use crate::{circumstances, http, load, page, peers as other_systems, seed};

/// Sessions that fit into the cache many times over.
const FEW: usize = 32;
/// Stored sessions of the two databases that are compared.
const THOUSAND: usize = 1_000;
const MILLION: usize = 1_000_000;
/// Names in the measurement of the limits.
const NAMES: usize = 200_000;
/// Mails that wait when the mail server opens.
const MAILS: usize = 1_000;
/// Open files in the measurement of descriptors.
const FEW_FILES: u32 = 128;
/// Logouts in the measurement of nodes.
const LOGOUTS: usize = 20;

/// `make bench`: everything about Cloakroom itself.
pub async fn run(is_quick: bool) -> Result<()> {
    let place = Place::find(is_quick)?;
    let begun = Instant::now();
    let mut results =
        Results { circumstances: circumstances::of(&place.root, is_quick), ..Results::default() };
    results.instructions =
        counting::measure(&place.root, &instructions_program()?, &place.file(""), false).await?;
    let million = if is_quick { MILLION / 10 } else { MILLION };
    progress("seeding", &format!("{million} and {THOUSAND} sessions on both engines"));
    let world = World::build(&place, million).await?;
    results.size = Some(size::measure(&place, &world.sqlite_many, million).await?);
    measure_checks(&place, &world, &mut results).await?;
    measure_stored(&place, &world, million, &mut results).await?;
    measure_logins(&place, &world, &mut results).await?;
    measure_nodes(&place, &world, &mut results).await?;
    measure_faults(&place, &world, &mut results).await?;
    let mails = if is_quick { MAILS / 5 } else { MAILS };
    for engine in ["SQLite", "Postgres"] {
        results.outbox.push(outbox::measure(&place, engine, mails).await?);
    }
    results.circumstances.seconds = begun.elapsed().as_secs_f64();
    finish(&place, "bench", &results)?;
    counting::verdict(&results.instructions).map_or(Ok(()), |slipped| Err(slipped.into()))
}

/// The databases, seeded, and how to serve them.
struct World {
    sqlite_few: Installation,
    sqlite_many: Installation,
    postgres_few: Installation,
    postgres_many: Installation,
    many: usize,
}

impl World {
    async fn build(place: &Place, many: usize) -> Result<Self> {
        let world = Self {
            sqlite_few: place.install("sqlite_few", "sqlite", THOUSAND).await?,
            sqlite_many: place.install("sqlite_many", "sqlite", many).await?,
            postgres_few: place.install("postgres_few", "postgres", THOUSAND).await?,
            postgres_many: place.install("postgres_many", "postgres", many).await?,
            many,
        };
        place.add_accounts(&world.sqlite_few).await?;
        Ok(world)
    }
}

/// A server of ours as a subject of session checks over `count` sessions in turn.
async fn subject(place: &Place, name: &str, installation: &Installation, count: usize) -> Result<Subject> {
    let server = place.serve(installation).await?;
    Ok(Subject { name: name.to_owned(), server, check: checks_of(count), logins: Vec::new() })
}

/// The bare handler, answering what the real one answers.
pub async fn bare(place: &Place, body: &str) -> Result<Subject> {
    let server = place.bare(body).await?;
    Ok(Subject { name: "bare axum".into(), server, check: checks_of(FEW), logins: Vec::new() })
}

/// The bytes that a session check answers.
async fn profile(server: &Server) -> Result<String> {
    let reply = http::once(server.address, &session_check(&seed::ticket(0))).await?;
    Ok(String::from_utf8(reply.body)?)
}

async fn measure_checks(place: &Place, world: &World, results: &mut Results) -> Result<()> {
    let mut subjects = Vec::new();
    let mut installations = Vec::new();
    for (name, installation, count) in [
        ("Cloakroom, cached, SQLite", &world.sqlite_few, FEW),
        ("Cloakroom, cached, Postgres", &world.postgres_few, FEW),
        ("Cloakroom, not cached, SQLite", &world.sqlite_many, world.many),
        ("Cloakroom, not cached, Postgres", &world.postgres_many, world.many),
    ] {
        subjects.push(subject(place, name, installation, count).await?);
        installations.push(installation);
    }
    let body = profile(&subjects[0].server).await?;
    subjects.insert(0, bare(place, &body).await?);
    let mut checks = check::measure(&subjects, place.rounds(7), place.seconds(3.0)).await?;
    for (installation, check) in installations.iter().zip(&mut checks[1..]) {
        let (hits, misses) = installation.hits_and_misses().await?;
        check.share_missed = Some(misses / (hits + misses));
    }
    results.checks = checks;
    stop(subjects).await
}

async fn measure_stored(place: &Place, world: &World, many: usize, results: &mut Results) -> Result<()> {
    let mut pairs = Vec::new();
    for (engine, few, many_stored) in [
        ("SQLite", &world.sqlite_few, &world.sqlite_many),
        ("Postgres", &world.postgres_few, &world.postgres_many),
    ] {
        pairs.push(Pair {
            engine: engine.to_owned(),
            few: subject(place, engine, few, THOUSAND).await?,
            many: subject(place, engine, many_stored, many).await?,
            few_count: THOUSAND,
            many_count: many,
        });
    }
    results.stored = stored::measure(&pairs, place.rounds(9)).await;
    stop(pairs.into_iter().flat_map(|pair| [pair.few, pair.many]).collect()).await
}

/// Our server with the accounts that sign in.
pub async fn signing_in(place: &Place, installation: &Installation) -> Result<Subject> {
    let server = place.serve(installation).await?;
    let mut logins = Vec::new();
    for number in 0..ACCOUNTS {
        logins.push(login_request(server.address, &account(number)).await?);
    }
    Ok(Subject { name: "Cloakroom".into(), server, check: checks_of(FEW), logins })
}

async fn measure_logins(place: &Place, world: &World, results: &mut Results) -> Result<()> {
    let subjects = [signing_in(place, &world.sqlite_few).await?];
    let idle = subjects[0].server.resident_mib();
    results.logins = login::measure(place, &subjects, place.rounds(5), place.seconds(5.0)).await?;
    results.storms = storm::measure(&subjects, place.rounds(3), place.seconds(15.0)).await;
    let calm_rate = results.logins.last().map_or(1.0, |login| login.rate.median);
    results.flood = Some(flood::measure(&subjects[0], calm_rate, idle).await?);
    let seconds = place.seconds(10.0);
    results.crowds.push(crowd::measure(&subjects[0], crowd::Kind::Right, seconds).await?);
    stop(subjects.into()).await?;
    let counting = place.configure("sqlite_counting", &world.sqlite_few.database)?;
    let counting = counting.with("LIMITS__LOGIN_PER_ACCOUNT", "10/15m");
    let subject = signing_in(place, &counting).await?;
    results.crowds.push(crowd::measure(&subject, crowd::Kind::Refused, seconds).await?);
    stop(vec![subject]).await
}

async fn measure_nodes(place: &Place, world: &World, results: &mut Results) -> Result<()> {
    let second = place.configure("postgres_second", &world.postgres_few.database)?;
    let (here, there) = (place.serve(&world.postgres_few).await?, place.serve(&second).await?);
    results.nodes = Some(nodes::measure(&here, &there, FEW..FEW + LOGOUTS).await?);
    here.stop().await?;
    there.stop().await
}

async fn measure_faults(place: &Place, world: &World, results: &mut Results) -> Result<()> {
    let installation = place.install("postgres_limits", "postgres", FEW).await?;
    let installation =
        installation.with("LIMITS__LOGIN_PER_ACCOUNT", "10/15m").with("LIMITS__LOGIN_PER_IP", "1/15m");
    let server = place.serve(&installation).await?;
    let names = if place.is_quick { NAMES / 50 } else { NAMES };
    results.limiter = Some(limiter::measure(&server, &installation.database, names).await?);
    server.stop().await?;
    let server = place.serve_with_few_descriptors(&world.sqlite_few, FEW_FILES).await?;
    let check = session_check(&seed::ticket(0));
    results.descriptors = Some(descriptors::measure(&server, FEW_FILES, &check).await?);
    server.stop().await
}

/// `make bench-peers`: other systems beside ours.
pub async fn peers(is_quick: bool) -> Result<()> {
    let place = Place::find(is_quick)?;
    let begun = Instant::now();
    let mut results =
        Results { circumstances: circumstances::of(&place.root, is_quick), ..Results::default() };
    let installation = place.install("sqlite_few", "sqlite", THOUSAND).await?;
    place.add_accounts(&installation).await?;
    let ours = signing_in(&place, &installation).await?;
    let body = profile(&ours.server).await?;
    let mut subjects = vec![bare(&place, &body).await?, ours];
    let (others, versions) = other_systems::start(&place).await?;
    subjects.extend(others);
    results.circumstances.versions.extend(versions);
    results.checks = check::measure(&subjects, place.rounds(5), place.seconds(3.0)).await?;
    let bare = subjects.remove(0);
    results.logins = login::measure(&place, &subjects, place.rounds(3), place.seconds(5.0)).await?;
    results.storms = storms(&place, &subjects).await;
    subjects.push(bare);
    stop(subjects).await?;
    results.circumstances.seconds = begun.elapsed().as_secs_f64();
    finish(&place, "peers", &results)
}

async fn storms(place: &Place, subjects: &[Subject]) -> Vec<Storm> {
    storm::measure(subjects, place.rounds(3), place.seconds(10.0)).await
}

/// `make bench-soak`: ten minutes of everything.
pub async fn soak(is_quick: bool) -> Result<()> {
    let place = Place::find(is_quick)?;
    let mut results =
        Results { circumstances: circumstances::of(&place.root, is_quick), ..Results::default() };
    let installation = place.install("soak", "sqlite", THOUSAND).await?;
    place.add_accounts(&installation).await?;
    let server = place.serve(&installation).await?;
    let file = installation.database_file().ok_or("the soak runs on SQLite")?;
    // The pages are fetched as well, as a browser does now and then.
    let page = same(http::get("/", "Accept: text/html\r\n"));
    load::closed(server.address, 1, Duration::from_secs(1), 0..20, &page).await;
    let length = Duration::from_mins(if is_quick { 1 } else { 10 });
    results.soak = Some(soaking::measure(&server, file, length).await?);
    server.stop().await?;
    results.circumstances.seconds = length.as_secs_f64();
    finish(&place, "soak", &results)
}

/// `make bench-instructions` and `make bench-accept`: the guard alone.
pub async fn instructions(is_accepted: bool) -> Result<()> {
    let root = page::root()?;
    let scratch = root.join("bench/.scratch");
    fs::create_dir_all(&scratch)?;
    let counts = counting::measure(&root, &instructions_program()?, &scratch, is_accepted).await?;
    counting::verdict(&counts).map_or(Ok(()), |slipped| Err(slipped.into()))
}

fn instructions_program() -> Result<PathBuf> {
    Ok(PathBuf::from(std::env::var("BASELINES").map_err(|_| "BASELINES is not set; run this by `make`")?)
        .join("instructions"))
}

async fn stop(subjects: Vec<Subject>) -> Result<()> {
    for subject in subjects {
        subject.server.stop().await?;
    }
    Ok(())
}

/// Keeps the figures, prints the tables, and writes the page from all figures that are kept.
fn finish(place: &Place, name: &str, results: &Results) -> Result<()> {
    print!("{}", page::tables(results));
    if place.is_quick {
        eprintln!("A quick run: the page stays as it is.");
        return Ok(());
    }
    let directory = place.root.join("bench/results");
    fs::create_dir_all(&directory)?;
    fs::write(
        directory.join(format!("{name}.json")),
        format!("{}\n", serde_json::to_string_pretty(results)?),
    )?;
    write_page()
}

/// `make bench-page`: the page from the figures that are kept.
pub fn write_page() -> Result<()> {
    page::write()
}
