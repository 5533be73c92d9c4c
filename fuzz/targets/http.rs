//! A request to the live page, and its answer.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;
use wordspace_serve::Server;

use super::files::parts;

/// Stands for the server's port in an input.
const PORT: &[u8] = b"5757";

/// An answer takes less than a millisecond; a request that the server waits for is given up after this time.
const READ_TIMEOUT: Duration = Duration::from_millis(20);

/// The page of one run, the first input of the target for runs.
static PAGE: LazyLock<(Server, TempDir)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, bytes) in super::runs::RUN.iter().zip(parts(include_bytes!("../corpus/run/toy"))) {
        let path = folder.path().join("toy").join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
    (Server::start(folder.path(), Some(0)).expect("some port is free"), folder)
});

/// Any bytes are answered by one of the documented codes or not at all, and only requests that name this server get data.
pub fn http(data: &[u8]) {
    let port = PAGE.0.port();
    let request = replace(data, PORT, port.to_string().as_bytes());
    let answer = send(port, &request);
    if answer.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(&answer);
    let code: u16 = text.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_default();
    assert!(text.starts_with("HTTP/1."), "{text}");
    assert!([200, 304, 400, 403, 404, 405, 413, 414, 431, 503].contains(&code), "{text}");
    if code == 200 {
        let own = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        let names_us = own.iter().any(|own| request.windows(own.len()).any(|part| part == own.as_bytes()));
        assert!(names_us, "a request to another server got {text}");
    }
}

/// The answer to `request`, or its beginning.
fn send(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server takes connections");
    stream.set_read_timeout(Some(READ_TIMEOUT)).expect("a socket has a timeout");
    let _ = stream.write_all(request);
    let is_complete = [&b"\n\r\n"[..], b"\n\n"].iter().any(|end| request.windows(end.len()).any(|part| part == *end));
    if !is_complete {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..length]);
        // The codes and headers are checked, and every body is bytes.
        if answer.windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
    }
    answer
}

fn replace(data: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut result, mut rest) = (Vec::new(), data);
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}
