//! `kafka-metadata-quorum describe`: who leads the metadata log, and how far the others are.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wire::Uuid;
use wire::messages::describe_cluster_request::DescribeClusterRequest;
use wire::messages::describe_quorum_request::{DescribeQuorumRequest, PartitionData, TopicData};
use wire::messages::describe_quorum_response::{DescribeQuorumResponse, Node, ReplicaState};

use super::Failure;
use super::connect::connect;
use crate::client::{Cluster, broker_error};
use crate::clock;

/// Kind of endpoints that DescribeCluster lists: those of controllers.
const CONTROLLER_ENDPOINTS: i8 = 2;

/// Describe the metadata quorum
#[derive(Debug, Parser)]
#[command(subcommand_required = true)]
pub(crate) struct MetadataQuorum {
    #[command(flatten)]
    servers: Servers,
    /// Property file containing configs for the client
    #[arg(long, value_name = "COMMAND_CONFIG", global = true)]
    command_config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// Whom to ask; one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Servers {
    /// Brokers to ask: host:port, …
    #[arg(long)]
    bootstrap_server: Option<String>,
    /// Controllers to ask: host:port, …
    #[arg(long)]
    bootstrap_controller: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Describe the metadata quorum info
    Describe(Describe),
}

/// What to tell.
#[derive(Debug, Args)]
struct Describe {
    /// A short summary of the quorum status
    #[arg(long)]
    status: bool,
    /// Detailed information about the status of replication
    #[arg(long)]
    replication: bool,
    /// Times as milliseconds ago
    #[arg(long)]
    human_readable: bool,
}

impl MetadataQuorum {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let Command::Describe(describe) = &self.command;
        if describe.status && describe.human_readable {
            return Err(Failure::usage(
                "The option --human-readable is only supported along with --replication",
            ));
        }
        if describe.status == describe.replication {
            return Err(Failure::usage(
                "One of --status or --replication must be specified with describe sub-command",
            ));
        }
        let config = self.command_config.as_deref();
        let (mut cluster, endpoints) =
            match (&self.servers.bootstrap_server, &self.servers.bootstrap_controller) {
                (Some(servers), _) => (connect("--bootstrap-server", servers, config)?, 1),
                (None, controllers) => {
                    let servers = controllers.as_deref().unwrap_or_default();
                    (connect("--bootstrap-controller", servers, config)?, CONTROLLER_ENDPOINTS)
                }
            };
        let quorum = Quorum::ask(&mut cluster)?;
        if describe.replication {
            return quorum.print_replication(describe.human_readable, out);
        }
        let request =
            DescribeClusterRequest { endpoint_type: endpoints, ..DescribeClusterRequest::default() };
        let reply = cluster.ask_any(&request)?;
        let response = reply.get()?;
        broker_error(response.error_code, response.error_message.as_deref())
            .map_err(|refusal| Failure::refused(refusal.to_string()))?;
        quorum.print_status(&response.cluster_id, out)
    }
}

/// What the leader says of the quorum.
struct Quorum {
    leader_id: i32,
    leader_epoch: i32,
    high_watermark: i64,
    voters: Vec<ReplicaState>,
    observers: Vec<ReplicaState>,
    /// Endpoints of the voters, as Apache prints them.
    endpoints: Vec<(i32, Vec<String>)>,
}

impl Quorum {
    fn ask(cluster: &mut Cluster) -> Result<Self, Failure> {
        let partition = PartitionData { partition_index: 0 };
        let topic = TopicData { topic_name: "__cluster_metadata".into(), partitions: vec![partition].into() };
        let request = DescribeQuorumRequest { topics: vec![topic].into() };
        let quorum = cluster.retry(|cluster| {
            let reply = cluster.ask_any(&request)?;
            let response = reply.get()?;
            broker_error(response.error_code, response.error_message.as_deref())?;
            for topic in response.topics.iter() {
                for partition in topic.partitions.iter() {
                    broker_error(partition.error_code, partition.error_message.as_deref())?;
                }
            }
            Ok(Self::read(&response))
        })?;
        quorum.ok_or_else(|| {
            Failure::refused("the answer to DescribeQuorum does not speak of the metadata log")
        })
    }

    fn read(response: &DescribeQuorumResponse<'_>) -> Option<Self> {
        let partition = response.topics.iter().next()?.partitions.iter().next()?;
        let endpoint = |node: Node<'_>| {
            let shown = node.listeners.iter().map(|listener| match listener.host.contains(':') {
                true => format!("{}://[{}]:{}", listener.name, listener.host, listener.port),
                false => format!("{}://{}:{}", listener.name, listener.host, listener.port),
            });
            (node.node_id, shown.collect())
        };
        Some(Self {
            leader_id: partition.leader_id,
            leader_epoch: partition.leader_epoch,
            high_watermark: partition.high_watermark,
            voters: partition.current_voters.to_vec(),
            observers: partition.observers.to_vec(),
            endpoints: response.nodes.iter().map(endpoint).collect(),
        })
    }

    fn leader(&self) -> Result<&ReplicaState, Failure> {
        let leader = self.voters.iter().find(|voter| voter.replica_id == self.leader_id);
        leader.ok_or_else(|| {
            Failure::refused(format!("the leader, node {}, is not among the voters", self.leader_id))
        })
    }

    fn print_status(&self, cluster_id: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let leader = self.leader()?;
        let behind = self.voters.iter().min_by_key(|voter| voter.log_end_offset).unwrap_or(leader);
        let lag_ms = match (leader.last_caught_up_timestamp, behind.last_caught_up_timestamp) {
            _ if behind.replica_id == leader.replica_id => 0,
            (-1, _) | (_, -1) => -1,
            (ours, theirs) => ours - theirs,
        };
        let rows = [
            ("ClusterId:", cluster_id.to_owned()),
            ("LeaderId:", self.leader_id.to_string()),
            ("LeaderEpoch:", self.leader_epoch.to_string()),
            ("HighWatermark:", self.high_watermark.to_string()),
            ("MaxFollowerLag:", (leader.log_end_offset - behind.log_end_offset).to_string()),
            ("MaxFollowerLagTimeMs:", lag_ms.to_string()),
            ("CurrentVoters:", self.replicas(&self.voters)),
            ("CurrentObservers:", self.replicas(&self.observers)),
        ];
        for (name, value) in rows {
            writeln!(out, "{name:<24}{value}")?;
        }
        Ok(())
    }

    fn replicas(&self, replicas: &[ReplicaState]) -> String {
        let replica = |replica: &ReplicaState| {
            let mut text = format!("{{\"id\": {}", replica.replica_id);
            if !replica.replica_directory_id.is_zero() {
                text.push_str(&format!(", \"directoryId\": \"{}\"", replica.replica_directory_id));
            }
            let known = self.endpoints.iter().find(|(id, _)| *id == replica.replica_id);
            if let Some((_, endpoints)) = known.filter(|(_, endpoints)| !endpoints.is_empty()) {
                let quoted: Vec<String> =
                    endpoints.iter().map(|endpoint| format!("\"{endpoint}\"")).collect();
                text.push_str(&format!(", \"endpoints\": [{}]", quoted.join(", ")));
            }
            text + "}"
        };
        format!("[{}]", replicas.iter().map(replica).collect::<Vec<_>>().join(", "))
    }

    fn print_replication(&self, human_readable: bool, out: &mut dyn Write) -> Result<(), Failure> {
        let header = [
            "NodeId",
            "DirectoryId",
            "LogEndOffset",
            "Lag",
            "LastFetchTimestamp",
            "LastCaughtUpTimestamp",
            "Status",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        let leader = self.leader()?;
        let followers = self.voters.iter().filter(|voter| voter.replica_id != leader.replica_id);
        rows.push(row(leader, leader, "Leader", human_readable)?);
        for follower in followers {
            rows.push(row(follower, leader, "Follower", human_readable)?);
        }
        for observer in &self.observers {
            rows.push(row(observer, leader, "Observer", human_readable)?);
        }
        print_table(&rows, out)
    }
}

fn row(
    replica: &ReplicaState,
    leader: &ReplicaState,
    status: &str,
    human_readable: bool,
) -> Result<Vec<String>, Failure> {
    let time = |timestamp: i64, what: &str| match timestamp {
        -1 => Ok("-1".to_owned()),
        timestamp if human_readable => ago(timestamp, what),
        timestamp => Ok(timestamp.to_string()),
    };
    let directory: Uuid = replica.replica_directory_id;
    Ok(vec![
        replica.replica_id.to_string(),
        directory.to_string(),
        replica.log_end_offset.to_string(),
        (leader.log_end_offset - replica.log_end_offset).to_string(),
        time(replica.last_fetch_timestamp, "last fetch")?,
        time(replica.last_caught_up_timestamp, "last caught up")?,
        status.to_owned(),
    ])
}

fn ago(timestamp: i64, what: &str) -> Result<String, Failure> {
    let now = clock::now_ms();
    if timestamp <= 0 || timestamp > now {
        return Err(Failure::refused(format!(
            "Error while computing relative time, possible drift in system clock.\n\
             Current timestamp is {now}, {what} timestamp is {timestamp}"
        )));
    }
    Ok(format!("{} ms ago", now - timestamp))
}

/// Columns as wide as their widest cell, a tab behind each.
fn print_table(rows: &[Vec<String>], out: &mut dyn Write) -> Result<(), Failure> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            write!(out, "{cell:<width$}\t")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum() -> Quorum {
        let voter = ReplicaState {
            replica_id: 1,
            replica_directory_id: "Su4JhUn3Rp2Rwsyt80OftA".parse().unwrap(),
            log_end_offset: 192,
            last_fetch_timestamp: 1_795_365_988_323,
            last_caught_up_timestamp: 1_795_365_988_323,
        };
        Quorum {
            leader_id: 1,
            leader_epoch: 1,
            high_watermark: 190,
            voters: vec![voter],
            observers: vec![],
            endpoints: vec![(1, vec!["CONTROLLER://127.0.0.1:19093".to_owned()])],
        }
    }

    #[test]
    fn the_status_is_printed_as_apache_prints_it() {
        let mut out = Vec::new();
        quorum().print_status("MkU3OEVBNTcwNTJENDM2Qg", &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "ClusterId:              MkU3OEVBNTcwNTJENDM2Qg\n\
             LeaderId:               1\n\
             LeaderEpoch:            1\n\
             HighWatermark:          190\n\
             MaxFollowerLag:         0\n\
             MaxFollowerLagTimeMs:   0\n\
             CurrentVoters:          [{\"id\": 1, \"directoryId\": \"Su4JhUn3Rp2Rwsyt80OftA\", \"endpoints\": [\"CONTROLLER://127.0.0.1:19093\"]}]\n\
             CurrentObservers:       []\n"
        );
    }

    #[test]
    fn the_replication_is_printed_as_apache_prints_it() {
        let mut out = Vec::new();
        quorum().print_replication(false, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus\t\n\
             1     \tSu4JhUn3Rp2Rwsyt80OftA\t192         \t0  \t1795365988323     \t1795365988323        \tLeader\t\n"
        );
    }
}
