//! The server: on the loopback addresses alone, on threads of its own, until it is dropped.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::sync::oneshot;

use crate::connections::{Connections, PATIENCE};
use crate::routes::router;
use crate::serving::Serving;
use crate::{Error, Result};

/// The port that is tried first, so that the page's address stays the same from day to day.
const DEFAULT_PORT: u16 = 5757;

/// How often run folders are looked at.
const REFRESH_EVERY: Duration = Duration::from_millis(250);

/// Scanning a very large folder takes at most about one part in this many of the time.
const REFRESH_SHARE: u32 = 4;

/// A running server of the live page.
pub struct Server {
    port: u16,
    /// Dropping these senders ends the threads.
    stop: Option<(oneshot::Sender<()>, mpsc::Sender<()>)>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves the runs in `folder`, or the one run that it is, on `port`. Port 0 is any free port; none is 5757, or any free
    /// port if that is taken. The folder need not exist yet.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] if something else listens on `port`.
    pub fn start(folder: &Path, port: Option<u16>) -> Result<Self> {
        let listeners = listen(port)?;
        let port = listeners[0].local_addr().map_err(Error::System)?.port();
        let serving = Serving::of(folder)?;
        let (stop_http, http_stopped) = oneshot::channel();
        let (stop_refresh, refresh_stopped) = mpsc::channel();
        let shared = serving.clone();
        let refresh = spawn("wordspace-runs", move || {
            let mut pause = REFRESH_EVERY;
            while refresh_stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let began = Instant::now();
                shared.refresh();
                pause = REFRESH_EVERY.max(began.elapsed() * REFRESH_SHARE);
            }
        })?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Error::System)?;
        let http = spawn("wordspace-http", move || {
            runtime.block_on(serve(listeners, serving, port, http_stopped));
            runtime.shutdown_background();
        })?;
        Ok(Self { port, stop: Some((stop_http, stop_refresh)), threads: vec![refresh, http] })
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Sockets on `port` of 127.0.0.1 and, where there is IPv6, of ::1.
fn listen(port: Option<u16>) -> Result<Vec<TcpListener>> {
    let bind =
        |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| Error::Port { port, source });
    let ipv4 = match port {
        Some(port) => bind(port)?,
        None => bind(DEFAULT_PORT).or_else(|_| bind(0))?,
    };
    let port = ipv4.local_addr().map_err(Error::System)?.port();
    let ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
    let listeners: Vec<TcpListener> = [ipv4].into_iter().chain(ipv6).collect();
    listeners.iter().try_for_each(|listener| listener.set_nonblocking(true)).map_err(Error::System)?;
    Ok(listeners)
}

async fn serve(listeners: Vec<TcpListener>, serving: Arc<Serving>, port: u16, stopped: oneshot::Receiver<()>) {
    let connections = Arc::new(Connections::new(PATIENCE));
    let router = router(serving, port);
    for listener in listeners.into_iter().filter_map(|listener| tokio::net::TcpListener::from_std(listener).ok()) {
        let (connections, router) = (connections.clone(), router.clone());
        tokio::spawn(async move { connections.accept(listener, router).await });
    }
    let _ = stopped.await;
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(|error: io::Error| Error::System(error))
}
