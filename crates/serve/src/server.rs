//! The server: at this machine's own address alone, on threads of its own, until it is dropped.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;

use crate::connections::{Connections, PATIENCE};
use crate::routes::router;
use crate::serving::Serving;
use crate::{Error, Result};

/// The port where the page is looked for first, so that its address stays the same from day to day.
const USUAL_PORT: u16 = 5757;

/// How often the folders of runs are looked at.
const EVERY: Duration = Duration::from_millis(250);

/// The page, while it is served.
pub struct Server {
    port: u16,
    /// Dropped, they end the threads.
    ends: Option<(oneshot::Sender<()>, mpsc::Sender<()>)>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves the runs in the folder `place`, or the one run that it is, at `port`: 0 takes any that is free, none the
    /// usual one if it is free. The folder need not be there yet.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] if something else listens at `port`.
    pub fn start(place: &Path, port: Option<u16>) -> Result<Self> {
        let listeners = listen(port)?;
        let port = listeners[0].local_addr().map_err(Error::System)?.port();
        let serving = Serving::of(place)?;
        let (end_http, http_ends) = oneshot::channel();
        let (end_looking, looking_ends) = mpsc::channel();
        let looked_at = serving.clone();
        let looking = spawn("wordspace-runs", move || {
            while looking_ends.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                looked_at.look();
            }
        })?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Error::System)?;
        let http = spawn("wordspace-http", move || {
            runtime.block_on(serve(listeners, serving, port, http_ends));
            runtime.shutdown_background();
        })?;
        Ok(Self { port, ends: Some((end_http, end_looking)), threads: vec![looking, http] })
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Sockets at `port` of the machine's own addresses, that of IPv4 first. Where there is no IPv6, the one is enough.
fn listen(port: Option<u16>) -> Result<Vec<TcpListener>> {
    let bind =
        |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| Error::Port { port, source });
    let first = match port {
        Some(port) => bind(port)?,
        None => bind(USUAL_PORT).or_else(|_| bind(0))?,
    };
    let port = first.local_addr().map_err(Error::System)?.port();
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
    let listeners: Vec<TcpListener> = [first].into_iter().chain(second).collect();
    listeners.iter().try_for_each(|listener| listener.set_nonblocking(true)).map_err(Error::System)?;
    Ok(listeners)
}

async fn serve(listeners: Vec<TcpListener>, serving: Arc<Serving>, port: u16, ends: oneshot::Receiver<()>) {
    let connections = Arc::new(Connections::new(PATIENCE));
    let router = router(serving, port);
    for listener in listeners.into_iter().filter_map(|listener| tokio::net::TcpListener::from_std(listener).ok()) {
        let (connections, router) = (connections.clone(), router.clone());
        tokio::spawn(async move { connections.accept(listener, router).await });
    }
    let _ = ends.await;
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(|error: io::Error| Error::System(error))
}
