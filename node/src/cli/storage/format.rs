//! `kafka-storage format`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use log_store::io::{BlockingIo, Io};
use metadata::features::MetadataVersion;
use wire::Uuid;

use super::super::Failure;
use super::versions::parse_release;
use crate::config::{HostPort, NodeConfig, Role};
use crate::format::{InitialVoter, Levels, Plan};
use crate::{clock, random};

/// Format the Kafka log directories on this node
#[derive(Debug, Args)]
pub(super) struct Format {
    /// The Kafka configuration file to use
    #[arg(long, short, value_name = "CONFIG")]
    config: PathBuf,
    /// The cluster ID to use: 22 characters as random-uuid prints them
    #[arg(long, short = 't', value_name = "CLUSTER_ID", allow_hyphen_values = true)]
    cluster_id: String,
    /// Take any text as cluster ID, as Apache Kafka does
    #[arg(long)]
    any_cluster_id: bool,
    /// A SCRAM credential to begin with; not supported yet
    #[arg(long, short = 'S', value_name = "ADD_SCRAM")]
    add_scram: Vec<String>,
    /// Skip over already formatted directories rather than failing
    #[arg(long, short = 'g')]
    ignore_formatted: bool,
    /// The release version to use for the initial feature settings, from 3.3-IV3 on; the default is 4.3-IV0
    #[arg(long, short, value_name = "RELEASE_VERSION")]
    release_version: Option<String>,
    /// The level of a specific feature, as feature=level
    #[arg(long, short, value_name = "FEATURE", value_parser = parse_feature)]
    feature: Vec<(String, i16)>,
    #[command(flatten)]
    quorum: QuorumChoice,
}

/// Who the first controllers are; at most one of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct QuorumChoice {
    /// Make this controller a dynamic quorum of one
    #[arg(long, short)]
    standalone: bool,
    /// Leave the quorum to others; this node finds it through controller.quorum.bootstrap.servers
    #[arg(long, short = 'N')]
    no_initial_controllers: bool,
    /// The first controllers of a dynamic quorum, the same on every node: id@host:port:directory, …
    #[arg(long, short = 'I', value_name = "INITIAL_CONTROLLERS")]
    initial_controllers: Option<String>,
}

fn parse_feature(text: &str) -> Result<(String, i16), String> {
    let Some((name, level)) = text.split_once('=') else {
        return Err(format!("Can't parse feature=level string {text}: equals sign not found."));
    };
    let parsed = level.trim().parse();
    let level = parsed.map_err(|_| {
        format!("Can't parse feature=level string {text}: unable to parse {level} as a short.")
    })?;
    Ok((name.trim().to_owned(), level))
}

impl Format {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = NodeConfig::load(&self.config, &[])?;
        self.check_cluster_id()?;
        if !self.add_scram.is_empty() {
            return Err(Failure::refused(
                "--add-scram: this version has no SASL yet, so a SCRAM credential would let nobody in; format without it",
            ));
        }
        let release = self.release_version.as_deref().map(parse_release).transpose()?;
        let voters = self.voters(&config)?;
        let plan = self.plan(&config, release, voters)?;
        let io: Arc<dyn Io> = Arc::new(BlockingIo::new());
        plan.run(&io, clock::now_ms(), out).map_err(|error| Failure::refused(error.to_string()))
    }

    /// Apache takes any text, and a mistyped id is found out when the cluster does not come together.
    fn check_cluster_id(&self) -> Result<(), Failure> {
        let id = &self.cluster_id;
        let is_uuid = id.parse::<Uuid>().is_ok_and(|uuid| uuid.to_string() == *id);
        if is_uuid || (self.any_cluster_id && !id.is_empty()) {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "--cluster-id {id:?} is not an id as `random-uuid` prints them (22 characters of A-Z a-z 0-9 - _, such as {}). \
             If your cluster really has this id, say so with --any-cluster-id",
            random::uuid()
        )))
    }

    fn voters(&self, config: &NodeConfig) -> Result<Option<Vec<InitialVoter>>, Failure> {
        let is_static = !config.quorum.voters.is_empty();
        let choice = &self.quorum;
        if is_static && (choice.initial_controllers.is_some() || choice.standalone) {
            return Err(Failure::refused(
                "You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone. \
                 If you want to use dynamic quorum, please remove controller.quorum.voters and specify \
                 controller.quorum.bootstrap.servers instead.",
            ));
        }
        if let Some(list) = &choice.initial_controllers {
            return InitialVoter::parse_list(list).map(Some).map_err(Failure::refused);
        }
        if choice.standalone {
            return standalone(config).map(|voter| Some(vec![voter]));
        }
        if !choice.no_initial_controllers && config.has(Role::Controller) && !is_static {
            return Err(Failure::refused(
                "Because controller.quorum.voters is not set on this controller, you must specify one of the following: \
                 --standalone, --initial-controllers, or --no-initial-controllers.",
            ));
        }
        Ok(None)
    }

    fn plan(
        self,
        config: &NodeConfig,
        release: Option<MetadataVersion>,
        voters: Option<Vec<InitialVoter>>,
    ) -> Result<Plan, Failure> {
        let is_dynamic = config.quorum.voters.is_empty();
        Ok(Plan {
            cluster_id: self.cluster_id,
            node_id: config.node_id,
            directories: config.all_directories(),
            metadata_directory: config.metadata_log_dir.clone(),
            levels: Levels::choose(release, &self.feature, is_dynamic).map_err(Failure::refused)?,
            voters,
            controller_listener: config.listeners.controller_names[0].clone(),
            ignore_formatted: self.ignore_formatted,
        })
    }
}

/// This controller as the only voter, where its first listener can be reached.
pub(crate) fn standalone(config: &NodeConfig) -> Result<InitialVoter, Failure> {
    if !config.has(Role::Controller) {
        return Err(Failure::refused("You can only use --standalone on a controller."));
    }
    let listener = config.listeners.advertised_controller().into_iter().next();
    let listener = listener.ok_or_else(|| Failure::refused("No controller listeners found."))?;
    let host = listener.host.unwrap_or_else(|| "localhost".to_owned());
    let address = HostPort { host, port: listener.port };
    Ok(InitialVoter { id: config.node_id, address, directory: random::uuid() })
}
