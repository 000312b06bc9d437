//! The processes of a run: started here, watched through `/proc`, and ended here by their own id.

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::http;

/// What can go wrong is told to the person who runs the bench, in words.
pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// A server under measurement. Dropped, it is killed; [`Server::stop`] ends it in peace.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start to the first good answer.
    pub start: Duration,
    child: Child,
    pid: u32,
}

/// A loopback address that is free at this moment.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A command whose output goes to `log`.
pub fn command(program: impl AsRef<OsStr>, log: &Path) -> Result<Command> {
    let log = File::options().create(true).append(true).open(log)?;
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    Ok(command)
}

impl Server {
    /// Starts `command`, which listens on `address`, and waits until `GET path` answers with 200.
    pub async fn start(mut command: Command, address: SocketAddr, path: &str) -> Result<Self> {
        let begun = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{command:?} cannot be started: {error}"))?;
        let pid = child.id().ok_or("the process ended at once")?;
        let request = http::get(path, "");
        while begun.elapsed() < Duration::from_mins(1) {
            if let Some(status) = child.try_wait()? {
                return Err(format!("{command:?} ended with {status}; its log says why").into());
            }
            if let Ok(Ok(reply)) = timeout(Duration::from_secs(2), http::once(address, &request)).await
                && reply.status == 200
            {
                return Ok(Self { address, start: begun.elapsed(), child, pid });
            }
            sleep(Duration::from_millis(1)).await;
        }
        Err(format!("{command:?} did not answer within a minute").into())
    }

    /// Ends it in the middle of whatever it does.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Ends it: SIGTERM, and SIGKILL after ten seconds.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(Duration::from_secs(10), self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    /// The time that it and its children have had on a core, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        family(self.pid).into_iter().map(cpu_seconds).sum()
    }

    /// Resident memory with that of its children, in MiB.
    pub fn resident_mib(&self) -> f64 {
        family(self.pid).into_iter().map(|pid| status_kib(pid, "VmRSS:")).sum::<f64>() / 1024.0
    }

    /// The most resident memory since [`Server::forget_peak`], in MiB.
    pub fn peak_mib(&self) -> f64 {
        status_kib(self.pid, "VmHWM:") / 1024.0
    }

    /// Lets the peak begin anew.
    pub fn forget_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.pid), "5");
    }

    /// Its open file descriptors.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid)).map_or(0, Iterator::count)
    }
}

/// The time that a process has had on a core, in seconds, by the scheduler's own account: `/proc/PID/stat` counts in
/// hundredths, which is coarse for short rounds.
pub fn cpu_seconds(pid: u32) -> f64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0.0 };
    let nanoseconds: u64 = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum();
    nanoseconds as f64 / 1e9
}

/// A process and what it has started: gunicorn works in children.
fn family(pid: u32) -> Vec<u32> {
    let mut members = vec![pid];
    let mut next = 0;
    while let Some(&parent) = members.get(next) {
        let children =
            fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        members.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        next += 1;
    }
    members
}

fn status_kib(pid: u32, field: &str) -> f64 {
    fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix(field))?;
            line.split_whitespace().next()?.parse().ok()
        })
        .unwrap_or(0.0)
}
