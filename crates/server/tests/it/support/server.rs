//! The running binary, and a client that can misbehave.
//!
//! Each [`Server`] is a process with a directory of its own, on a port that the system chose. It is killed on
//! drop. Requests use a bare socket, because half of these tests send what no HTTP library would.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longer than any start takes.
const START: Duration = Duration::from_secs(30);

/// Longer than any time limit of the server.
const REPLY: Duration = Duration::from_secs(30);

/// The reader of the server's standard output, once the test knows the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It is read, and kept for [`Server::output`].
    Keeps,
    /// Nobody reads it, so that the pipe fills.
    Stalls,
    /// The reading end is closed.
    Leaves,
}

/// A running `cloakroom`.
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// The directory with its data, deleted on drop.
    directory: TempDir,
    output: Arc<Mutex<String>>,
    /// Keeps the pipe of a stalled reader open.
    _stalled: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts `cloakroom dev` with the defaults.
    pub(crate) fn dev() -> Self {
        Self::dev_with(&[], &[])
    }

    /// Starts `cloakroom dev` with environment variables and further arguments.
    pub(crate) fn dev_with(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command.envs(environment.iter().copied());
        Self::start_dev(command, arguments, Reader::Keeps)
    }

    /// Starts `cloakroom dev` with a misbehaving reader of its output.
    pub(crate) fn dev_read_by(reader: Reader) -> Self {
        Self::start_dev(Command::new(env!("CARGO_BIN_EXE_cloakroom")), &[], reader)
    }

    /// Starts `cloakroom dev` with at most `files` open files.
    pub(crate) fn dev_with_file_limit(files: u32) -> Self {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_cloakroom")]);
        Self::start_dev(command, &[], Reader::Keeps)
    }

    /// Starts `cloakroom serve`. `top` goes before the first table of the configuration; `settings` goes to
    /// its end, as tables or as keys of the last one (`[app]`).
    pub(crate) fn serve(top: &str, settings: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("cloakroom.toml");
        let database = directory.path().join("cloakroom.db");
        let secret = directory.path().join("secret.key");
        let text = format!(
            "listen = \"127.0.0.1:0\"\nsecret_file = \"{}\"\n{top}\n\
             [database]\nurl = \"sqlite:{}\"\n\
             [mail]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"Acme <no-reply@acme.test>\"\n\
             [app]\nname = \"Acme\"\n{settings}\n",
            secret.display(),
            database.display(),
        );
        fs::write(&path, text).expect("the configuration can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command.arg("serve").arg("-c").arg(&path);
        let (child, mut lines) = spawn(command, &directory);
        let port = port_when_ready(&mut lines).expect("it gets ready");
        let output = Arc::default();
        thread::spawn({
            let output = Arc::clone(&output);
            move || keep(&mut lines, &output)
        });
        Self { child, port, directory, output, _stalled: None }
    }

    fn start_dev(mut command: Command, arguments: &[&str], reader: Reader) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        command.args(["dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).args(arguments);
        let (mut child, mut lines) = spawn(command, &directory);
        let output = Arc::new(Mutex::new(String::new()));
        let port = loop {
            let mut line = String::new();
            let length = lines.read_line(&mut line).expect("standard output is text");
            assert!(length > 0, "no port before the end: {:?}\n{}", child.wait(), output.lock().unwrap());
            output.lock().unwrap().push_str(&line);
            if let Some(port) = port_in(&line) {
                break port;
            }
        };
        let mut stalled = None;
        match reader {
            Reader::Keeps => {
                let output = Arc::clone(&output);
                thread::spawn(move || keep(&mut lines, &output));
            }
            Reader::Stalls => stalled = Some(lines),
            Reader::Leaves => drop(lines),
        }
        let mut server = Self { child, port, directory, output, _stalled: stalled };
        server.wait_until_it_answers();
        server
    }

    fn wait_until_it_answers(&mut self) {
        let deadline = Instant::now() + START;
        while TcpStream::connect(self.address()).is_err() {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                panic!("ended with {status} instead of listening:\n{}", self.output());
            }
            assert!(Instant::now() < deadline, "does not listen:\n{}", self.output());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the address that it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the host name that the development server answers to.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Returns the data directory of `dev`.
    pub(crate) fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Returns what it has printed so far.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Waits until the output contains `text`. A separate thread writes the log.
    pub(crate) fn wait_for_output(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let output = self.output();
            if output.contains(text) {
                return output;
            }
            assert!(Instant::now() < deadline, "{text:?} never appeared in:\n{output}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a bare connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("the server listens");
        stream.set_read_timeout(Some(REPLY)).unwrap();
        stream.set_write_timeout(Some(REPLY)).unwrap();
        stream
    }

    /// Sends a GET request, as a program would.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], b"")
    }

    /// Sends one request with the right `Host`, on a connection of its own.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host());
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if !body.is_empty() {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat())
    }

    /// Sends exactly these bytes and reads until the server closes. Replies to `HEAD` have no body.
    pub(crate) fn send(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // A server that refuses early stops reading. Its reply is still read.
        let _ = stream.write_all(bytes);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        Reply::parse(&reply)
    }

    /// Returns the path of the configuration file of `serve`.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("cloakroom.toml")
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).expect("the child runs");
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("the child runs");
    }

    /// Waits for the process to end.
    pub(crate) fn wait(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "still running after {patience:?}:\n{}", self.output());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Our own child, by its id; it may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A parsed reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Parses a reply. An empty one has status 0.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { status: status.unwrap_or(0), headers, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
    }

    /// Returns the header of this lower-case name. Duplicates are a failure.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values =
            self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next();
        assert!(values.next().is_none(), "{name} came twice");
        first
    }

    /// Returns all headers of this lower-case name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that this is a problem document (RFC 9457), and returns its code.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "{member}: {problem}");
        }
        problem["code"].as_str().expect("a code").to_owned()
    }
}

fn spawn(mut command: Command, directory: &TempDir) -> (Child, BufReader<ChildStdout>) {
    let mut child = command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let output = child.stdout.take().expect("standard output is a pipe");
    (child, BufReader::new(output))
}

fn keep(lines: &mut impl BufRead, output: &Mutex<String>) {
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
        output.lock().unwrap().push_str(&line);
        line.clear();
    }
}

/// Finds the port in a line with `http://localhost:PORT`.
fn port_in(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("http://localhost:")?;
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// Reads the log of `serve` up to the line that names the listening address. Returns `None` if it ends
/// before.
pub(crate) fn port_when_ready(lines: &mut impl BufRead) -> Option<u16> {
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
        let record: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if record["message"] == "ready" {
            return record["listen"].as_str()?.parse::<SocketAddr>().ok().map(|address| address.port());
        }
        line.clear();
    }
    None
}

/// Returns a port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has ports");
    listener.local_addr().expect("it is bound").port()
}
