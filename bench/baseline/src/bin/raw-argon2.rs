//! How many Argon2id hashes the machine makes when it does nothing else.
//!
//! `raw-argon2 SECONDS` runs one thread for each core, each with memory that it uses again, at the priority of
//! Cloakroom's hashing threads, and prints `HASHES SECONDS CPU_SECONDS`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds: f64 = std::env::args().nth(1).ok_or("usage: raw-argon2 SECONDS")?.parse()?;
    let threads = std::thread::available_parallelism()?.get();
    let (is_over, hashes) = (AtomicBool::new(false), AtomicU64::new(0));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| hash_until(&is_over, &hashes));
        }
        std::thread::sleep(Duration::from_secs_f64(seconds));
        is_over.store(true, Ordering::Relaxed);
    });
    let seconds = started.elapsed().as_secs_f64();
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu = Duration::new(cpu.tv_sec.try_into()?, cpu.tv_nsec.try_into()?);
    println!("{} {seconds} {}", hashes.into_inner(), cpu.as_secs_f64());
    Ok(())
}

/// Hashes with one block of memory until told to stop; what is begun is finished and counted.
fn hash_until(is_over: &AtomicBool, hashes: &AtomicU64) {
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
    let params = Params::new(19_456, 2, 1, None).expect("within Argon2's limits");
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut output = [0; 32];
    while !is_over.load(Ordering::Relaxed) {
        argon2
            .hash_password_into_with_memory(b"correct-horse-battery", &[7; 16], &mut output, &mut memory)
            .expect("the lengths are within Argon2's limits");
        hashes.fetch_add(1, Ordering::Relaxed);
    }
    std::hint::black_box(output);
}
