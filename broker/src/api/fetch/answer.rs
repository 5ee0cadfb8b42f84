//! From what was found to the response, which leaves out what the client knows already.

use log_store::io::FileRegion;
use wire::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use wire::{ErrorCode, Records, Uuid};

use super::conversation::{Kind, Wanted};
use super::read::{Fetch, Pass};
use crate::api::leaders::Leaders;
use crate::errors::Fault;
use crate::fetch_sessions::{NO_SESSION, SessionTopic, Shown};
use crate::partition::Fetched;
use crate::reply::WithRegions;

/// First version that tells who leads instead.
const FIRST_VERSION_WITH_LEADERS: i16 = 16;
/// First version whose clients know KAFKA_STORAGE_ERROR.
const FIRST_VERSION_WITH_STORAGE_ERROR: i16 = 6;

/// The answer to a request that cannot go on with its session.
pub(super) fn session_error(fault: &Fault) -> WithRegions<FetchResponse<'static>> {
    let response = FetchResponse { error_code: fault.code().code(), ..FetchResponse::default() };
    WithRegions { response, regions: Vec::new() }
}

impl Fetch {
    /// The response to a pass. A session that is to be opened is opened now; one that goes on
    /// remembers what is shown.
    pub(super) fn answer(&self, pass: Pass) -> WithRegions<FetchResponse<'static>> {
        let mut builder = Builder::default();
        let mut rows: Vec<Row<'_>> = Vec::with_capacity(pass.found.len());
        for ((wanted, target), found) in self.conversation.wanted.iter().zip(self.targets()).zip(pass.found) {
            rows.push(self.row(wanted, target.topic, found, &mut builder.leaders));
        }
        let session_id = match &self.conversation.kind {
            Kind::Alone => NO_SESSION,
            Kind::Opening => self.open_session(&rows),
            Kind::Going { session, epoch } => {
                let mut session = session.lock();
                if session.epoch != *epoch {
                    return self.overtaken();
                }
                rows.retain(|row| session.show(&row.wanted.key, row.shown()));
                session.id
            }
        };
        rows.into_iter().for_each(|row| builder.add(row));
        builder.finish(session_id)
    }

    /// Another request of the session came while this one waited.
    fn overtaken(&self) -> WithRegions<FetchResponse<'static>> {
        let mut answer = session_error(&Fault::Session(crate::fetch_sessions::SessionError::WrongEpoch));
        answer.response.session_id = self.conversation.session_id();
        answer
    }

    fn open_session(&self, rows: &[Row<'_>]) -> i32 {
        let by_id = rows.iter().any(|row| matches!(row.wanted.key.topic, SessionTopic::Id(_)));
        let now_ms = crate::time::now_ms();
        self.broker.sessions().open(self.from_follower, by_id, rows.len(), now_ms, |session| {
            for row in rows {
                session.wish(row.wanted.key.clone(), row.wanted.wish);
                session.show(&row.wanted.key, Shown { has_records: false, ..row.shown() });
            }
        })
    }

    fn row<'a>(
        &self,
        wanted: &'a Wanted,
        topic: Uuid,
        found: Result<Fetched, ErrorCode>,
        leaders: &mut Leaders,
    ) -> Row<'a> {
        let index = wanted.key.partition;
        let (data, region) = match found {
            Ok(fetched) => partition_data(index, fetched),
            Err(code) => (self.error_data(index, topic, code, leaders), None),
        };
        Row { wanted, data, region }
    }

    fn error_data(
        &self,
        index: i32,
        topic: Uuid,
        code: ErrorCode,
        leaders: &mut Leaders,
    ) -> PartitionData<'static> {
        let moved = matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        let is_old = self.api_version < FIRST_VERSION_WITH_STORAGE_ERROR;
        let told = if is_old && code == ErrorCode::KafkaStorageError {
            ErrorCode::NotLeaderOrFollower
        } else {
            code
        };
        let mut data = PartitionData {
            partition_index: index,
            error_code: told.code(),
            high_watermark: -1,
            records: Some(no_records()),
            ..PartitionData::default()
        };
        if moved && self.api_version >= FIRST_VERSION_WITH_LEADERS {
            let image = self.broker.image();
            let (leader_id, leader_epoch) = leaders.of(&image, &self.listener.name, topic, index);
            data.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch };
        }
        data
    }
}

/// What an answer may say about one partition.
struct Row<'a> {
    wanted: &'a Wanted,
    data: PartitionData<'static>,
    region: Option<FileRegion>,
}

impl Row<'_> {
    fn shown(&self) -> Shown {
        Shown {
            high_watermark: self.data.high_watermark,
            log_start: self.data.log_start_offset,
            has_records: self.region.is_some(),
            has_error: self.data.error_code != ErrorCode::None.code(),
            has_news: self.data.diverging_epoch != EpochEndOffset::default(),
        }
    }
}

/// A response that is being put together, partitions of one topic next to each other.
#[derive(Default)]
struct Builder {
    topics: Vec<(SessionTopic, Vec<PartitionData<'static>>)>,
    regions: Vec<FileRegion>,
    leaders: Leaders,
}

impl Builder {
    fn add(&mut self, row: Row<'_>) {
        let topic = &row.wanted.key.topic;
        match self.topics.last_mut() {
            Some((last, partitions)) if last == topic => partitions.push(row.data),
            _ => self.topics.push((topic.clone(), vec![row.data])),
        }
        self.regions.extend(row.region);
    }

    fn finish(self, session_id: i32) -> WithRegions<FetchResponse<'static>> {
        let responses = self.topics.into_iter().map(|(topic, partitions)| {
            let (name, topic_id) = match topic {
                SessionTopic::Name(name) => (name.to_string(), Uuid::ZERO),
                SessionTopic::Id(id) => (String::new(), id),
            };
            FetchableTopicResponse { topic: name.into(), topic_id, partitions: partitions.into() }
        });
        let endpoints = self.leaders.into_endpoints().map(|(node_id, endpoint)| NodeEndpoint {
            node_id,
            host: endpoint.host.into(),
            port: endpoint.port,
            rack: endpoint.rack.map(Into::into),
        });
        let response = FetchResponse {
            session_id,
            responses: responses.collect(),
            node_endpoints: endpoints.collect(),
            ..FetchResponse::default()
        };
        WithRegions { response, regions: self.regions }
    }
}

fn partition_data(index: i32, fetched: Fetched) -> (PartitionData<'static>, Option<FileRegion>) {
    let aborted = fetched.aborted.map(|aborted| {
        let aborted = aborted
            .into_iter()
            .map(|txn| AbortedTransaction { producer_id: txn.producer_id, first_offset: txn.first_offset });
        aborted.collect()
    });
    let diverging = fetched.diverging.map(|(epoch, end_offset)| EpochEndOffset { epoch, end_offset });
    let data = PartitionData {
        partition_index: index,
        high_watermark: fetched.high_watermark,
        last_stable_offset: fetched.last_stable,
        log_start_offset: fetched.log_start,
        diverging_epoch: diverging.unwrap_or_default(),
        aborted_transactions: aborted,
        records: Some(
            fetched.region.as_ref().map_or_else(no_records, |region| Records::External(region.length)),
        ),
        ..PartitionData::default()
    };
    (data, fetched.region)
}

fn no_records() -> Records<'static> {
    Records::from(Vec::new())
}
