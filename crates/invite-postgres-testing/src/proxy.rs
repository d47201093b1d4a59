//! A proxy that cuts, refuses and delays connections.

mod cut;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

pub use cut::{Cut, Side};

use crate::{Error, url};
use cut::Frames;

/// Stands between clients and a server, and lets everything pass until it is told otherwise.
///
/// It lives in the runtime that starts it. Connections are not encrypted: who asks is told that the server cannot.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    port: u16,
    listener: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    host: String,
    port: u16,
    connections: Mutex<JoinSet<()>>,
    orders: Mutex<Orders>,
}

#[derive(Debug, Default)]
struct Orders {
    delay: Duration,
    armed: Option<Cut>,
    fired: usize,
}

impl Proxy {
    /// A proxy before the database of a URL, whose host is an address or a name.
    ///
    /// # Errors
    ///
    /// If the URL names none, or there is no free port.
    pub async fn before(url: &str) -> Result<Self, Error> {
        let config: Config =
            url.parse().map_err(Error::because("the URL before which a proxy is to stand is none"))?;
        let host = config.get_hosts().iter().find_map(|host| match host {
            Host::Tcp(name) => Some(name.clone()),
            Host::Unix(_) => None,
        });
        let host = host.ok_or_else(|| Error::new("a proxy stands before no socket of the file system"))?;
        let shared = Arc::new(Shared {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            connections: Mutex::default(),
            orders: Mutex::default(),
        });
        let listener = listen(0).await?;
        let port = listener.local_addr().map_err(Error::because("a proxy has no address"))?.port();
        let listener = tokio::spawn(shared.clone().accept(listener));
        Ok(Self { url: url::with_port(url, port), port, listener: Mutex::new(Some(listener)), shared })
    }

    /// The URL of the same database, through the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts all connections that there are.
    pub async fn cut(&self) {
        let mut connections = std::mem::take(&mut *locked(&self.shared.connections));
        connections.shutdown().await;
    }

    /// Refuses new connections, as a machine does on which no server runs.
    pub async fn refuse(&self) {
        let listener = locked(&self.listener).take();
        if let Some(listener) = listener {
            listener.abort();
            let _ = listener.await;
        }
    }

    /// Takes new connections again, on the same port.
    ///
    /// # Errors
    ///
    /// If another program has taken the port meanwhile.
    pub async fn admit(&self) -> Result<(), Error> {
        self.refuse().await;
        let listener = listen(self.port).await?;
        *locked(&self.listener) = Some(tokio::spawn(self.shared.clone().accept(listener)));
        Ok(())
    }

    /// From now on everything arrives so much later, in both directions: a round trip takes twice as long again.
    pub fn delay(&self, delay: Duration) {
        locked(&self.shared.orders).delay = delay;
    }

    /// Cuts the connection that this comes true for, once. What was armed before is forgotten.
    pub fn arm(&self, cut: Cut) {
        locked(&self.shared.orders).armed = Some(cut);
    }

    /// How many connections were cut by what was armed.
    #[must_use]
    pub fn fired(&self) -> usize {
        locked(&self.shared.orders).fired
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listener) = locked(&self.listener).take() {
            listener.abort();
        }
        locked(&self.shared.connections).abort_all();
    }
}

impl Shared {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            let mut connections = locked(&self.connections);
            while connections.try_join_next().is_some() {}
            connections.spawn(connect(self.clone(), client));
        }
    }

    /// How much of a message passes, and whether the connection is cut then.
    fn judge(&self, side: Side, message: &[u8]) -> Option<usize> {
        let mut orders = locked(&self.orders);
        let passed = orders.armed.as_mut()?.judge(side, message)?;
        orders.armed = None;
        orders.fired += 1;
        Some(passed)
    }
}

/// One connection: it ends for both as soon as either ends, or is cut.
async fn connect(shared: Arc<Shared>, mut client: TcpStream) {
    let Ok(mut server) = TcpStream::connect((shared.host.as_str(), shared.port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let Some(first) = cut::first_message(&mut client).await else { return };
    let passed = shared.judge(Side::Client, &first);
    let first = first.get(..passed.unwrap_or(first.len())).unwrap_or_default();
    if server.write_all(first).await.is_err() || passed.is_some() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(&shared, Side::Client, from_client, to_server) => {}
        () = pump(&shared, Side::Server, from_server, to_client) => {}
    }
}

/// Passes on what comes from a side, whole messages at a time.
async fn pump(shared: &Shared, side: Side, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let (queue, mut due) = mpsc::unbounded_channel();
    let read = async move {
        let mut frames = Frames::default();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            frames.extend(buffer.get(..read).unwrap_or_default());
            let mut passing = Vec::new();
            let mut is_cut = false;
            while let Some(message) = frames.next().filter(|_| !is_cut) {
                let passed = shared.judge(side, &message);
                passing.extend_from_slice(message.get(..passed.unwrap_or(message.len())).unwrap_or_default());
                is_cut = passed.is_some();
            }
            let when = Instant::now() + locked(&shared.orders).delay;
            if queue.send((when, passing)).is_err() || is_cut {
                return;
            }
        }
    };
    let write = async move {
        while let Some((when, bytes)) = due.recv().await {
            sleep_until(when).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(Error::because("a proxy cannot listen on 127.0.0.1"))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
