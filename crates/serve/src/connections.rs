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
const PATIENCE: Duration = Duration::from_secs(20);

/// How many bytes of a question are looked at before it is refused.
const LONGEST_QUESTION: usize = 16 << 10;

/// How many headers a question may have.
const MOST_HEADERS: usize = 64;

/// The connections that are open, the oldest first.
#[derive(Default)]
pub(crate) struct Connections(Mutex<VecDeque<AbortHandle>>);

impl Connections {
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
        let mut open = self.0.lock().await;
        if open.len() >= MOST {
            open.retain(|connection| !connection.is_finished());
        }
        if open.len() >= MOST
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        open.push_back(tokio::spawn(converse(stream, router)).abort_handle());
    }
}

async fn converse(stream: TcpStream, router: Router) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let patient = Patient { stream: TokioIo::new(stream), deadline: Box::pin(sleep(PATIENCE)), is_waiting: false };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LONGEST_QUESTION)
        .max_headers(MOST_HEADERS);
    // What a connection ends with is nobody's business but its own.
    let _ = http.serve_connection(patient, TowerToHyperService::new(router)).await;
}

/// A stream that fails when what is written to it is not read for [`PATIENCE`].
struct Patient {
    stream: TokioIo<TcpStream>,
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
            self.deadline.as_mut().reset(Instant::now() + PATIENCE);
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
