//! The daemon as a process of its own over a file that tests edit, seen through its log, its socket and introspection.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::Duration,
};

use async_std::task;
use keyviz_fanout::fanout::MATRIX_PATH;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PATIENCE, eventually};

/// The binary, in an environment without a configuration.
pub(crate) fn keyviz(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyviz-fanout"));
    command.args(arguments).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// What every file of these tests begins with; the port stays the same whatever else is edited.
pub(crate) const HEAD: &str = "server.listen = '127.0.0.1:0'\nserver.control_socket = 'control.sock'\n";

/// A daemon whose file is its own; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) file: PathBuf,
    log: PathBuf,
    /// Holds the log, and the file where the test has not put it elsewhere.
    _folder: TempDir,
}

impl Running {
    /// With a file of [`HEAD`], `auth.mode = "none"` and `text` in a folder of its own.
    pub(crate) fn start(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, whole(text)).unwrap();
        Self::over(folder, &file)
    }

    /// With the file at `file`, which is there.
    pub(crate) fn over(folder: TempDir, file: &Path) -> Self {
        Self::launched(folder, file, keyviz(&["run", "--config", file.to_str().unwrap()]))
    }

    /// The same by another command line.
    pub(crate) fn launched(folder: TempDir, file: &Path, command: Command) -> Self {
        Self::disturbed(folder, file, command, |_| ())
    }

    /// The same, and something happens to the process before it can have said where it listens.
    pub(crate) fn disturbed(
        folder: TempDir,
        file: &Path,
        mut command: Command,
        disturb: impl FnOnce(&mut Child),
    ) -> Self {
        let log = folder.path().join("daemon.log");
        command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        disturb(&mut child);
        let address = task::block_on(eventually("an address in its log", async || {
            let log = fs::read_to_string(&log).unwrap();
            let (_, rest) = log.split_once("listening on http")?.1.split_once("://")?;
            Some(rest.split_once(',')?.0.parse().unwrap())
        }));
        Self { child, address, file: file.to_owned(), log, _folder: folder }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Writes the file in place, whole.
    pub(crate) fn edit(&self, text: &str) {
        fs::write(&self.file, whole(text)).unwrap();
    }

    /// Introspection.
    pub(crate) fn config(&self) -> Value {
        let answer = self.get("/admin/api/v1/keyviz/config");
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Introspection, once `holds` is true of it.
    pub(crate) fn config_when(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        task::block_on(eventually(what, async || Some(self.config()).filter(&holds)))
    }

    /// Waits until `timeout` is what runs: the one thing that tests change when they just have to change something.
    pub(crate) fn runs_timeout(&self, timeout: &str) -> Value {
        self.config_when(timeout, |config| config["effective"]["fanout"]["timeout"] == timeout)
    }

    pub(crate) fn matrix(&self) -> Answer {
        self.get(MATRIX_PATH)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        get(self.address, target, "").expect("an answer")
    }

    /// A command that reaches this daemon through its file.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        let mut command = keyviz(arguments);
        command.args(["--config", self.file.to_str().unwrap()]);
        command.output().unwrap()
    }

    /// What it answers on its control socket.
    pub(crate) fn asked(&self, command: &str) -> Value {
        let mut socket = UnixStream::connect(self.file.with_file_name("control.sock")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(format!("{{\"command\":\"{command}\"}}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Its end; fails the test where there is none in time.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        task::block_on(eventually("its end", async || self.child.try_wait().unwrap()))
    }

    /// Its open files, threads, inotify watches and resident memory.
    pub(crate) fn usage(&self) -> Usage {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let names = |folder: &str| fs::read_dir(proc.join(folder)).unwrap().flatten();
        let info = |entry: fs::DirEntry| fs::read_to_string(entry.path()).unwrap_or_default();
        let status = fs::read_to_string(proc.join("status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Usage {
            files: names("fd").count(),
            threads: names("task").count(),
            watches: names("fdinfo").map(info).map(|text| text.matches("inotify wd:").count()).sum(),
            resident_kib: resident.trim().strip_suffix(" kB").unwrap().parse().unwrap(),
        }
    }

    /// What it takes while nobody asks it for anything: the least of some looks.
    pub(crate) fn usage_at_rest(&self) -> Usage {
        let look = |_| {
            thread::sleep(Duration::from_millis(100));
            self.usage()
        };
        let least = |a: Usage, b: Usage| Usage {
            files: a.files.min(b.files),
            threads: a.threads.min(b.threads),
            watches: a.watches.min(b.watches),
            resident_kib: a.resident_kib.min(b.resident_kib),
        };
        (0..12).map(look).reduce(least).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process takes of its machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) files: usize,
    pub(crate) threads: usize,
    pub(crate) watches: usize,
    pub(crate) resident_kib: u64,
}

/// A whole file: [`HEAD`], `auth.mode = "none"`, and `text`.
pub(crate) fn whole(text: &str) -> String {
    format!("{HEAD}auth.mode = 'none'\n{text}\n")
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The generation that it was made under.
    pub(crate) fn generation(&self) -> u64 {
        self.header("X-Keyviz-Config-Generation").unwrap().parse().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// One GET on a connection of its own, with further header lines; none where the connection failed.
pub(crate) fn get(address: SocketAddr, target: &str, headers: &str) -> Option<Answer> {
    let mut client = TcpStream::connect(address).ok()?;
    client.set_read_timeout(Some(PATIENCE)).ok()?;
    client.set_write_timeout(Some(Duration::from_secs(5))).ok()?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    client.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
