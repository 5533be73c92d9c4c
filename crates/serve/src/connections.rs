//! Connections: few, patient for a while, and the newest first.
//!
//! A reader that does not read is let go after [`PATIENCE`]. When all places are taken, a newcomer takes that of the
//! connection that has been open longest: whoever keeps connections open keeps nobody else out, and a live page that lost
//! its place comes back by itself.

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
const MOST: usize = 64;

/// How long a reader may take until it reads on, and a writer until its question is whole.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How many bytes of a question are looked at before it is refused.
const LONGEST_QUESTION: usize = 16 << 10;

/// How many headers a question may have.
const MOST_HEADERS: usize = 64;

/// The connections to a server.
pub(crate) struct Connections {
    /// Those that are open, the oldest first.
    open: Mutex<VecDeque<AbortHandle>>,
    patience: Duration,
}

impl Connections {
    /// None yet; a reader or writer may take as long as `patience`.
    pub fn new(patience: Duration) -> Self {
        Self { open: Mutex::default(), patience }
    }

    /// Answers whoever connects to `listener` by `router`, for ever.
    pub async fn accept(&self, listener: TcpListener, router: Router) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.open(stream, router.clone()).await,
                // Too many open files, mostly: some will be closed.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn open(&self, stream: TcpStream, router: Router) {
        let mut open = self.open.lock().await;
        if open.len() >= MOST {
            open.retain(|connection| !connection.is_finished());
        }
        if open.len() >= MOST
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        open.push_back(tokio::spawn(converse(stream, router, self.patience)).abort_handle());
    }
}

async fn converse(stream: TcpStream, router: Router, patience: Duration) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let deadline = Box::pin(sleep(patience));
    let patient = Patient { stream: TokioIo::new(stream), patience, deadline, is_waiting: false };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(LONGEST_QUESTION)
        .max_headers(MOST_HEADERS);
    // What a connection ends with is nobody's business but its own.
    let _ = http.serve_connection(patient, TowerToHyperService::new(router)).await;
}

/// A stream that fails when what is written to it is not read for as long as its patience.
struct Patient {
    stream: TokioIo<TcpStream>,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl Patient {
    /// Tells what came of writing, unless that has been waited for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
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
        self.watch(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, closed)
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
        self.watch(context, written)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream as Stream;

    use axum::routing::get;

    use super::*;

    /// More than the sockets of both sides hold.
    const LARGE: usize = 64 << 20;

    /// A server of little patience that answers `/` with much; it ends with the test.
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
    fn a_question_that_does_not_end_and_a_connection_without_one_are_let_go() {
        for begun in ["GET / HTTP/1.1\r\nHost: a\r\n", ""] {
            let mut stream = server();
            stream.write_all(begun.as_bytes()).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            assert!(!answer.starts_with(b"HTTP/1.1 200"), "the connection ends without an answer");
        }
    }

    #[test]
    fn a_reader_that_does_not_read_is_let_go_before_it_has_all() {
        let mut stream = server();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        // The answer fills both sockets and no more is read, until the server has closed its side: then a question more is
        // refused by the system, sooner or later.
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
