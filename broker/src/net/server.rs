//! The listeners and the threads that serve their connections.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::limits::LISTEN_BACKLOG_DEFAULT;
use crate::net::admission::{Admission, FrameBudget};
use crate::net::connection::{Connection, Shared};
use crate::net::idle::IdleSweep;
use crate::net::listener::{Accepted, Acceptor, ThreadSlot, listen};
use crate::net::{ListenerInfo, Service};

/// Settings of the network.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Threads that serve connections; `None` is one per core.
    pub threads: Option<usize>,
    /// `socket.request.max.bytes`.
    pub socket_request_max_bytes: usize,
    /// `socket.send.buffer.bytes`; `None` leaves it to the kernel.
    pub socket_send_buffer_bytes: Option<usize>,
    /// `socket.receive.buffer.bytes`; `None` leaves it to the kernel.
    pub socket_receive_buffer_bytes: Option<usize>,
    /// `socket.listen.backlog.size`.
    pub socket_listen_backlog: u32,
    /// `queued.max.request.bytes`; `None` is this node's own bound.
    pub queued_max_request_bytes: Option<usize>,
    /// `connections.max.idle.ms`.
    pub connections_max_idle: Duration,
    /// `max.connections`.
    pub max_connections: usize,
    /// `max.connections.per.ip`.
    pub max_connections_per_ip: usize,
    /// `max.connections.per.ip.overrides`, resolved.
    pub max_connections_per_ip_overrides: Vec<(IpAddr, usize)>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            threads: None,
            socket_request_max_bytes: 100 * 1024 * 1024,
            socket_send_buffer_bytes: None,
            socket_receive_buffer_bytes: None,
            socket_listen_backlog: LISTEN_BACKLOG_DEFAULT,
            queued_max_request_bytes: None,
            connections_max_idle: Duration::from_secs(600),
            max_connections: i32::MAX as usize,
            max_connections_per_ip: i32::MAX as usize,
            max_connections_per_ip_overrides: Vec::new(),
        }
    }
}

/// Listening sockets, and once started the threads that serve them. Dropping it closes all
/// connections and waits for the threads.
pub struct Server {
    config: NetConfig,
    listeners: Vec<(Arc<ListenerInfo>, Option<StdListener>, SocketAddr)>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Opens the listening sockets. Clients can connect from now on and are served after `start`.
    ///
    /// # Errors
    /// The first address that cannot be bound, and why: in use, not ours, no right.
    pub fn bind(
        listeners: Vec<(ListenerInfo, SocketAddr)>,
        config: NetConfig,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let mut bound = Vec::with_capacity(listeners.len());
        for (info, address) in listeners {
            let listener = listen(address, &config).map_err(|error| (address, error))?;
            let local = listener.local_addr().map_err(|error| (address, error))?;
            bound.push((Arc::new(info), Some(listener), local));
        }
        Ok(Self { config, listeners: bound, stop: watch::Sender::new(false), threads: Vec::new() })
    }

    /// Where a listener really listens, which tells the port when 0 was asked for.
    pub fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.listeners.iter().find(|(info, ..)| info.name == listener).map(|(.., address)| *address)
    }

    /// Starts the threads. Called once.
    ///
    /// # Errors
    /// A thread or its runtime could not be made.
    pub(crate) fn start(&mut self, service: &Arc<dyn Service>) -> io::Result<()> {
        assert!(self.threads.is_empty(), "a server starts once");
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = self.config.threads.unwrap_or(cores).max(1);
        let (slots, receivers): (Vec<_>, Vec<_>) = (0..count)
            .map(|_| {
                let (sender, receiver) = mpsc::unbounded_channel();
                let connections = Arc::new(AtomicUsize::new(0));
                (ThreadSlot { connections: Arc::clone(&connections), sender }, (receiver, connections))
            })
            .unzip();
        let budget = FrameBudget::new(&self.config);
        let mut listeners = self.take_listeners(&slots);
        for (index, (receiver, connections)) in receivers.into_iter().enumerate() {
            let thread = NetThread {
                receiver,
                connections,
                service: Arc::clone(service),
                budget: budget.clone(),
                request_bytes_max: self.config.socket_request_max_bytes,
                idle: self.config.connections_max_idle,
                acceptors: std::mem::take(&mut listeners),
                stop: self.stop.subscribe(),
            };
            let name = format!("kraftlog-net-{index}");
            self.threads.push(std::thread::Builder::new().name(name).spawn(move || thread.main())?);
        }
        Ok(())
    }

    fn take_listeners(&mut self, slots: &[ThreadSlot]) -> Vec<UnstartedAcceptor> {
        let admission = Arc::new(Admission::new(&self.config));
        let send_buffer_bytes = self.config.socket_send_buffer_bytes;
        let started = self.listeners.iter_mut().filter_map(|(info, listener, _)| {
            let admission = Arc::clone(&admission);
            let (info, threads) = (Arc::clone(info), slots.to_vec());
            listener.take().map(|listener| {
                let into = move |listener| Acceptor { listener, info, admission, threads, send_buffer_bytes };
                (listener, Box::new(into) as Box<dyn FnOnce(TcpListener) -> Acceptor + Send>)
            })
        });
        started.collect()
    }

    /// Stops accepting, closes all connections and waits for the threads.
    pub fn shutdown(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a network thread panicked");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// A listener that becomes an acceptor inside a runtime.
type UnstartedAcceptor = (StdListener, Box<dyn FnOnce(TcpListener) -> Acceptor + Send>);

/// One network thread before it runs.
struct NetThread {
    receiver: mpsc::UnboundedReceiver<Accepted>,
    connections: Arc<AtomicUsize>,
    service: Arc<dyn Service>,
    budget: FrameBudget,
    request_bytes_max: usize,
    idle: Duration,
    acceptors: Vec<UnstartedAcceptor>,
    stop: watch::Receiver<bool>,
}

impl NetThread {
    fn main(self) {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => LocalSet::new().block_on(&runtime, self.serve()),
            Err(error) => tracing::error!(%error, "cannot start a network thread"),
        }
    }

    async fn serve(mut self) {
        let shared = Rc::new(Shared {
            service: self.service,
            buffers: Default::default(),
            budget: self.budget,
            request_bytes_max: self.request_bytes_max,
        });
        for (listener, into_acceptor) in self.acceptors {
            match TcpListener::from_std(listener) {
                Ok(listener) => drop(spawn_local(into_acceptor(listener).run())),
                Err(error) => tracing::error!(%error, "cannot watch a listening socket"),
            }
        }
        let sweep = Rc::new(IdleSweep::new(self.idle));
        let mut tick = tokio::time::interval(sweep.tick());
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                accepted = self.receiver.recv() => match accepted {
                    Some(accepted) => spawn_connection(accepted, &shared, &sweep, &self.connections),
                    None => return,
                },
                _ = tick.tick() => sweep.sweep(),
                _ = self.stop.changed() => return,
            }
        }
    }
}

/// Removes a connection from its thread's books when its task ends or is ended.
struct Registered {
    sweep: Rc<IdleSweep>,
    key: usize,
    connections: Arc<AtomicUsize>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.sweep.remove(self.key);
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn spawn_connection(
    accepted: Accepted,
    shared: &Rc<Shared>,
    sweep: &Rc<IdleSweep>,
    connections: &Arc<AtomicUsize>,
) {
    let Accepted { stream, peer, place } = accepted;
    let (key, activity) = sweep.add();
    let registered = Registered { sweep: Rc::clone(sweep), key, connections: Arc::clone(connections) };
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "cannot watch a connection"),
    };
    let address = peer.address;
    let connection = Connection::new(stream, peer, Rc::clone(shared), activity);
    let task = spawn_local(async move {
        let _kept_until_the_end = (registered, place);
        let ended = connection.run().await;
        tracing::debug!(%address, reason = %ended, "connection ended");
    });
    sweep.set_task(key, task.abort_handle());
}
