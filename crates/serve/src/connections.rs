//! Connections: a limited number, each with a timeout, the newest first.
//!
//! A client that does not read is disconnected after [`PATIENCE`]. At the limit, a new connection replaces the oldest: holding
//! connections open locks nobody out, and a live page that was dropped reconnects by itself. The limits are ours because
//! hyper has none on the number of connections or on slow readers.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Sleep, sleep};

/// How many connections are open at once.
const MAX_CONNECTIONS: usize = 64;

/// How long a client may take to read on, and to send a complete request header.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The largest request header, in bytes.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// How many header fields a request may have.
const MOST_HEADERS: usize = 64;

/// The connections to a server.
pub(crate) struct Connections {
    /// The open ones, oldest first.
    open: Mutex<VecDeque<AbortHandle>>,
    patience: Duration,
}

impl Connections {
    /// None yet; a client may keep the server waiting for as long as `patience`.
    pub fn new(patience: Duration) -> Self {
        Self { open: Mutex::default(), patience }
    }

    /// Answers the connections to `listener` by `router`, forever.
    pub async fn accept(&self, listener: TcpListener, router: Router) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.admit(stream, router.clone()).await,
                // Usually too many open files: wait until some are closed.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn admit(&self, stream: TcpStream, router: Router) {
        let mut open = self.open.lock().await;
        if open.len() >= MAX_CONNECTIONS {
            open.retain(|connection| !connection.is_finished());
        }
        if open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        open.push_back(tokio::spawn(serve_connection(stream, router, self.patience)).abort_handle());
    }
}

async fn serve_connection(stream: TcpStream, router: Router, patience: Duration) {
    // Send small answers at once (TCP_NODELAY).
    let _ = stream.set_nodelay(true);
    let deadline = Box::pin(sleep(patience));
    let patient = Patient { stream: TokioIo::new(stream), patience, deadline, is_waiting: false };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MOST_HEADERS);
    // How a connection ends concerns nobody else.
    let _ = http.serve_connection(patient, TowerToHyperService::new(router)).await;
}

/// A stream that fails with a timeout when the client stops reading.
struct Patient {
    stream: TokioIo<TcpStream>,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl Patient {
    /// Passes on the result of a write, or times out if it has been pending for too long.
    fn check<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_waiting = false;
            return written;
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.deadline.as_mut().reset(Instant::now() + self.patience);
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl Write for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.check(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.check(context, closed)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.check(context, written)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream as Stream;

    use axum::routing::get;

    use super::*;

    /// More than the socket buffers of both sides hold.
    const LARGE: usize = 64 << 20;

    /// A connection to a server with a short timeout that answers `/` with [`LARGE`] bytes.
    fn server() -> Stream {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let router = Router::new().route("/", get(async || vec![b'x'; LARGE]));
                Connections::new(Duration::from_millis(50)).accept(listener, router).await;
            });
        });
        Stream::connect(address).unwrap()
    }

    #[test]
    fn an_incomplete_request_is_disconnected() {
        for begun in ["GET / HTTP/1.1\r\nHost: a\r\n", ""] {
            let mut stream = server();
            stream.write_all(begun.as_bytes()).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            assert!(!answer.starts_with(b"HTTP/1.1 200"), "the connection ends without an answer");
        }
    }

    #[test]
    fn a_client_that_does_not_read_is_disconnected() {
        let mut stream = server();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        // The answer fills both socket buffers and nothing is read until the server has closed its side; then the system refuses
        // a further request, sooner or later.
        while stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").is_ok() {
            std::thread::yield_now();
        }
        let (mut read, mut part) = (0, vec![0; 1 << 20]);
        while let Ok(length @ 1..) = stream.read(&mut part) {
            read += length;
        }
        assert!(read < LARGE, "{read}");
    }
}
