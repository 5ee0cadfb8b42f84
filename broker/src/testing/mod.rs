//! A broker with a controller that is as small as can be, and a client, for tests over sockets.

mod client;
mod controller;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use log_store::directory::LogDirectory;
use log_store::io::{BlockingIo, Io};
use tempfile::TempDir;
use wire::Uuid;
use wire::batch::BatchBuilder;

use crate::net::{ListenerInfo, ListenerKind, NetConfig, Server};
use crate::{AdvertisedListener, AllowAll, Broker, BrokerConfig};

pub(crate) use client::Client;
pub(crate) use controller::TestController;

const LISTENER: &str = "PLAINTEXT";

/// A running broker on a directory of its own.
pub(crate) struct TestBroker {
    pub(crate) broker: Arc<Broker>,
    pub(crate) controller: Arc<TestController>,
    server: Server,
    directory: TempDir,
}

/// The id of the only log directory.
const DIRECTORY: Uuid = Uuid([7; 16]);

impl TestBroker {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// A broker with settings of its configuration file.
    pub(crate) fn start_with(properties: &[(&str, &str)]) -> Self {
        Self::start_on(properties, Arc::new(BlockingIo::new()), tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn start_on(properties: &[(&str, &str)], io: Arc<dyn Io>, directory: TempDir) -> Self {
        let info = ListenerInfo { name: LISTENER.to_owned(), kind: ListenerKind::Broker };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Server::bind(vec![(info, address)], NetConfig::default()).expect("port 0 is free");
        let listener = AdvertisedListener {
            name: LISTENER.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: server.address(LISTENER).expect("bound").port(),
            security_protocol: 0,
        };
        let config = BrokerConfig {
            node_id: 1,
            cluster_id: "test-cluster".to_owned(),
            incarnation_id: Uuid([9; 16]),
            rack: None,
            advertised_listeners: vec![listener],
            properties: map(properties),
            seed: 1,
        };
        let log_directory = LogDirectory::open(io, directory.path()).expect("opens");
        let controller = Arc::new(TestController::default());
        let directories = vec![(Arc::new(log_directory), DIRECTORY)];
        let broker = Broker::new(config, directories, controller.clone(), Arc::new(AllowAll));
        let broker = broker.expect("the settings are valid");
        controller.attach(&broker);
        broker.serve(&mut server).expect("threads start");
        Self { broker, controller, server, directory }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.server.address(LISTENER).expect("bound"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Creates a topic of which this broker has every replica.
    pub(crate) fn create_topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
        self.controller.create_topic(name, partitions, &map(configs))
    }

    /// Stops serving and closes the logs; returns the directory.
    pub(crate) fn stop(mut self) -> TempDir {
        self.server.shutdown();
        self.broker.close();
        self.directory
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A batch of records with these values.
pub(crate) fn batch_of(values: &[&[u8]]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    for value in values {
        builder.push(crate::time::now_ms(), None, Some(value), &[]);
    }
    builder.build()
}
