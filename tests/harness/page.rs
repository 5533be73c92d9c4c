//! A client of the live page that writes HTTP by hand, so that a test controls every byte of a request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{Done, Folder};

/// Longer than any answer takes: a test that waits this long has failed.
const TOO_LONG: Duration = Duration::from_secs(60);

/// The program while it serves.
pub struct Page {
    pub port: u16,
    child: Option<Child>,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Page {
    /// Starts `wordspace serve` with `arguments` on a free port, and waits until it prints the address.
    pub fn serve(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = folder.command(&[&["serve", "--port", "0"], arguments].concat());
        // A panic should show its backtrace.
        command.env("RUST_BACKTRACE", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let line = first_line(child.stdout.as_mut().expect("it is piped"), "http://");
        Self { port: port_in(&line), child: Some(child) }
    }

    /// Starts the program with `arguments` that make it serve while it trains, and waits for the address on stderr.
    pub fn beside(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = folder.command(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let line = first_line(child.stderr.as_mut().expect("it is piped"), "http://");
        Self { port: port_in(&line), child: Some(child) }
    }

    /// The answer to a browser's GET.
    pub fn ask(&self, path: &str) -> Reply {
        self.request("GET", path, "")
    }

    /// The same with another method, or with `more` headers.
    pub fn request(&self, method: &str, path: &str, more: &str) -> Reply {
        let port = self.port;
        let question = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{more}\r\n");
        Reply::of(&self.send(question.as_bytes())).expect("it answers")
    }

    /// The JSON of a successful answer to `path`.
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        let reply = self.ask(path);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")), "{}", reply.text());
        serde_json::from_slice(&reply.body).expect("it is JSON")
    }

    /// `path` must be refused with `status` and a message that contains all of `words`.
    #[track_caller]
    pub fn refuses(&self, path: &str, status: u16, words: &[&str]) {
        self.request("GET", path, "").refuses(status, words);
    }

    /// Sends `bytes` and returns everything that comes back until the server closes the connection.
    pub fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // The server may refuse before it has read everything.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut part) {
            answer.extend(&part[..length]);
        }
        answer
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(TOO_LONG)).unwrap();
        stream
    }

    /// The events of `/api/live`.
    pub fn live(&self) -> impl Iterator<Item = Value> + use<> {
        let mut stream = self.connect();
        write!(stream, "GET /api/live HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", self.port).unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
    }

    /// The most memory that it has taken so far, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> u64 {
        let child = self.child.as_ref().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kilobytes")
    }

    /// Its output and exit code after a signal.
    #[cfg(unix)]
    pub fn stop(mut self, signal: &str) -> Done {
        let child = self.child.take().expect("it runs");
        super::signal(&child, signal);
        Done::of(child.wait_with_output().expect("it ends"))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Reply {
    /// The answer in `bytes`; none if it is incomplete.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Self { status, head, body: bytes[end + 4..].to_vec() })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// It must be a refusal with `status` and a message that contains all of `words`.
    #[track_caller]
    pub fn refuses(&self, status: u16, words: &[&str]) {
        assert_eq!(self.status, status, "{}", self.text());
        let json: Value = serde_json::from_slice(&self.body).expect("it is JSON");
        let sentence = json["error"].as_str().expect("a sentence");
        assert!(words.iter().all(|word| sentence.contains(word)), "{words:?} are not in: {sentence}");
    }
}

/// The first line of `stream` that contains `mark`, read byte by byte so that the rest stays unread.
fn first_line(stream: &mut impl Read, mark: &str) -> String {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).expect("it can be read") == 1 {
        match byte[0] {
            b'\n' if String::from_utf8_lossy(&line).contains(mark) => break,
            b'\n' => line.clear(),
            other => line.push(other),
        }
    }
    String::from_utf8(line).expect("the program speaks UTF-8")
}

fn port_in(line: &str) -> u16 {
    let after = line.split("127.0.0.1:").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
    after.split('/').next().and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {line:?}"))
}
