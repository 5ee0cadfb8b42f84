//! The coordinator over a log in memory, seen as its clients see it.

mod hostile;
mod runs;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use wire::batch::{batches, stamp};
use wire::messages::heartbeat_request::HeartbeatRequest;
use wire::messages::join_group_response::JoinGroupResponse;
use wire::messages::leave_group_request::MemberIdentity;
use wire::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::messages::offset_commit_response::OffsetCommitResponse;
use wire::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use wire::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use wire::messages::sync_group_response::SyncGroupResponse;
use wire::{ErrorCode, Uuid};

use super::coordinator::{AppendedOffsets, OffsetsLog};
use super::member::{MemberTerms, Protocol};
use super::*;

const PARTITION: i32 = 7;

/// A partition in memory whose high watermark moves when told, and which refuses when told.
#[derive(Default)]
struct MemoryLog {
    state: Mutex<LogState>,
}

#[derive(Default)]
struct LogState {
    bytes: Vec<u8>,
    end: i64,
    holds_high_watermark: bool,
    high_watermark: i64,
    refusal: Option<ErrorCode>,
}

impl OffsetsLog for MemoryLog {
    fn append(&self, _: i32, batch: &[u8]) -> Result<AppendedOffsets, ErrorCode> {
        let mut state = self.state.lock();
        if let Some(error) = state.refusal {
            return Err(error);
        }
        let mut batch = batch.to_vec();
        stamp(&mut batch, state.end, 0);
        state.end += batches(&batch)
            .map(|b| i64::from(b.expect("a whole batch").header().record_count()))
            .sum::<i64>();
        state.bytes.extend_from_slice(&batch);
        if !state.holds_high_watermark {
            state.high_watermark = state.end;
        }
        Ok(AppendedOffsets { end: state.end, high_watermark: state.high_watermark })
    }

    fn read(&self, _: i32, offset: i64, _: usize) -> Result<Option<(Vec<u8>, i64)>, ErrorCode> {
        let state = self.state.lock();
        Ok((offset < state.end).then(|| (state.bytes.clone(), state.end)))
    }

    fn log_start(&self, _: i32) -> Result<i64, ErrorCode> {
        Ok(0)
    }
}

/// A coordinator with a clock that the test moves.
struct Bench {
    log: Arc<MemoryLog>,
    coordinator: GroupCoordinator,
    now: Now,
}

impl Bench {
    fn new() -> Self {
        Self::over(Arc::new(MemoryLog::default()))
    }

    fn over(log: Arc<MemoryLog>) -> Self {
        let counter = AtomicU8::new(0);
        let ids = Arc::new(move || [counter.fetch_add(1, Ordering::Relaxed); 16]);
        let coordinator = GroupCoordinator::new(GroupConfig::default(), Arc::clone(&log) as _, ids);
        let now = Now { monotonic_ms: 1_000, wall_ms: 1_700_000_000_000 };
        coordinator.load_partition(now, PARTITION, 0);
        Bench { log, coordinator, now }
    }

    /// Moves both clocks, and lets every timer fire at its time.
    fn advance(&mut self, ms: u64) {
        let target = self.now.monotonic_ms + ms;
        while let Some(next) = self.coordinator.fire_timers(self.now).filter(|next| *next <= target) {
            self.set_clock(next);
        }
        self.set_clock(target);
        self.coordinator.fire_timers(self.now);
    }

    fn set_clock(&mut self, monotonic_ms: u64) {
        self.now.wall_ms += i64::try_from(monotonic_ms - self.now.monotonic_ms).expect("small");
        self.now.monotonic_ms = monotonic_ms;
    }

    fn join(&self, member: &str, instance: Option<&str>) -> oneshot::Receiver<JoinGroupResponse<'static>> {
        self.coordinator.join(self.now, PARTITION, joiner(member, instance)).expect("this is the coordinator")
    }

    /// Joins as a client of today does: first for an id, then with it.
    fn join_twice(&self) -> (String, oneshot::Receiver<JoinGroupResponse<'static>>) {
        let first = answered(self.join("", None));
        assert_eq!(first.error_code, ErrorCode::MemberIdRequired.code());
        let id = first.member_id.into_owned();
        let second = self.join(&id, None);
        (id, second)
    }

    fn sync(
        &self,
        member: &str,
        generation: i32,
        parts: &[(&str, &[u8])],
    ) -> oneshot::Receiver<SyncGroupResponse<'static>> {
        let assignments: Vec<_> = parts
            .iter()
            .map(|(member, part)| SyncGroupRequestAssignment {
                member_id: (*member).into(),
                assignment: (*part).into(),
            })
            .collect();
        let request = SyncGroupRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member.into(),
            assignments: assignments.into(),
            ..SyncGroupRequest::default()
        };
        self.coordinator.sync(self.now, PARTITION, &request).expect("this is the coordinator")
    }

    fn heartbeat(&self, member: &str, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member.into(),
            ..HeartbeatRequest::default()
        };
        self.coordinator.heartbeat(self.now, PARTITION, &request).expect("this is the coordinator")
    }

    /// A stable group of one; its member's id.
    fn stable_group(&mut self) -> String {
        let (member, joined) = self.join_twice();
        self.advance(3_000);
        assert_eq!(answered(joined).generation_id, 1);
        let synced = answered(self.sync(&member, 1, &[(&member, b"all")]));
        assert_eq!(&*synced.assignment, b"all");
        member
    }

    fn commit(
        &self,
        member: &str,
        generation: i32,
        offset: i64,
    ) -> oneshot::Receiver<OffsetCommitResponse<'static>> {
        let partition = OffsetCommitRequestPartition {
            partition_index: 3,
            committed_offset: offset,
            committed_leader_epoch: 5,
            committed_metadata: Some("note".into()),
        };
        let topic = OffsetCommitRequestTopic {
            name: "t".into(),
            partitions: vec![partition].into(),
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: "g".into(),
            generation_id_or_member_epoch: generation,
            member_id: member.into(),
            topics: vec![topic].into(),
            ..OffsetCommitRequest::default()
        };
        self.coordinator.commit_offsets(self.now, PARTITION, 9, &request).expect("this is the coordinator")
    }

    fn fetch(&self) -> i64 {
        let topic = self
            .coordinator
            .fetch_offsets(self.now, PARTITION, "g", ("t", Uuid::ZERO), std::iter::once(3), true)
            .expect("this is the coordinator");
        topic.partitions.iter().next().expect("one partition was asked for").committed_offset
    }

    fn state(&self) -> String {
        let group = self.coordinator.describe(self.now, PARTITION, "g", 6).expect("this is the coordinator");
        group.group_state.into_owned()
    }
}

fn joiner(member: &str, instance: Option<&str>) -> Joiner {
    Joiner {
        group: "g".into(),
        member: member.into(),
        instance: instance.map(str::to_owned),
        client_id: "app".into(),
        client_host: "/127.0.0.1".into(),
        protocol_type: "consumer".into(),
        terms: MemberTerms {
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 60_000,
            protocols: vec![Protocol { name: "range".into(), metadata: subscription("t") }],
        },
        version: 9,
        reason: "test".into(),
    }
}

/// A ConsumerProtocolSubscription of version 0 to one topic.
fn subscription(topic: &str) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    bytes.extend(u16::try_from(topic.len()).expect("short").to_be_bytes());
    bytes.extend(topic.as_bytes());
    bytes.extend([0xff; 4]);
    bytes
}

fn answered<T>(mut receiver: oneshot::Receiver<T>) -> T {
    receiver.try_recv().expect("the request is answered")
}

fn waits<T>(receiver: &mut oneshot::Receiver<T>) -> bool {
    matches!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Empty))
}

#[test]
fn two_members_share_a_generation() {
    let mut bench = Bench::new();
    let (a, mut joined_a) = bench.join_twice();
    let (b, joined_b) = bench.join_twice();
    assert!(waits(&mut joined_a), "the first rebalance waits for more members");
    bench.advance(6_000);

    let (a_reply, b_reply) = (answered(joined_a), answered(joined_b));
    assert_eq!((a_reply.generation_id, b_reply.generation_id), (1, 1));
    assert_eq!((&*a_reply.leader, &*b_reply.leader), (&*a, &*a));
    assert_eq!((a_reply.members.len(), b_reply.members.len()), (2, 0), "only the leader sees the members");

    let mut b_synced = bench.sync(&b, 1, &[]);
    assert!(waits(&mut b_synced), "a follower waits for the leader's assignment");
    let a_synced = bench.sync(&a, 1, &[(&a, b"left"), (&b, b"right")]);
    assert_eq!(&*answered(a_synced).assignment, b"left");
    assert_eq!(&*answered(b_synced).assignment, b"right");
    assert_eq!(bench.state(), "Stable");
    assert_eq!(bench.heartbeat(&a, 1), ErrorCode::None);
    assert_eq!(bench.heartbeat(&a, 0), ErrorCode::IllegalGeneration);
    assert_eq!(bench.heartbeat("stranger", 1), ErrorCode::UnknownMemberId);
}

#[test]
fn a_silent_member_makes_room() {
    let mut bench = Bench::new();
    let (a, joined_a) = bench.join_twice();
    let (b, joined_b) = bench.join_twice();
    bench.advance(6_000);
    drop((answered(joined_a), answered(joined_b)));
    let synced = bench.sync(&b, 1, &[]);
    drop(answered(bench.sync(&a, 1, &[(&a, b"x"), (&b, b"y")])));
    drop(answered(synced));

    bench.advance(7_000);
    assert_eq!(bench.heartbeat(&b, 1), ErrorCode::None);
    bench.advance(4_000);
    assert_eq!(bench.heartbeat(&b, 1), ErrorCode::RebalanceInProgress, "a was silent for its session");
    let rejoined = answered(bench.join(&b, None));
    assert_eq!((rejoined.generation_id, &*rejoined.leader), (2, &*b));
    assert_eq!(bench.heartbeat(&a, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn a_member_that_never_syncs_is_removed() {
    let mut bench = Bench::new();
    let (a, joined_a) = bench.join_twice();
    let (b, joined_b) = bench.join_twice();
    bench.advance(6_000);
    drop((answered(joined_a), answered(joined_b)));
    drop(answered(bench.sync(&a, 1, &[])));
    for _ in 0..12 {
        bench.advance(5_000);
        bench.heartbeat(&a, 1);
        bench.heartbeat(&b, 1);
    }
    bench.advance(1_000);
    assert_eq!(bench.heartbeat(&b, 1), ErrorCode::UnknownMemberId);
    assert_eq!(bench.heartbeat(&a, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn a_static_member_returns_without_a_rebalance() {
    let mut bench = Bench::new();
    let joined = bench.join("", Some("host-1"));
    bench.advance(3_000);
    let first = answered(joined);
    drop(answered(bench.sync(&first.member_id, 1, &[(&first.member_id, b"all")])));

    let second = answered(bench.join("", Some("host-1")));
    assert_eq!((second.error_code, second.generation_id), (0, 1));
    assert!(second.skip_assignment, "it leads, and is told to keep the assignment");
    assert_ne!(second.member_id, first.member_id);
    assert_eq!(&*answered(bench.sync(&second.member_id, 1, &[])).assignment, b"all");

    let fenced = answered(bench.join(&first.member_id, Some("host-1")));
    assert_eq!(fenced.error_code, ErrorCode::FencedInstanceId.code());
}

#[test]
fn members_leave_by_id_and_by_instance() {
    let mut bench = Bench::new();
    let joined = bench.join("", Some("host-1"));
    bench.advance(3_000);
    drop(answered(joined));
    let by_instance =
        MemberIdentity { group_instance_id: Some("host-1".into()), ..MemberIdentity::default() };
    let stranger = MemberIdentity { member_id: "stranger".into(), ..MemberIdentity::default() };
    let left =
        bench.coordinator.leave(bench.now, PARTITION, "g", &[by_instance, stranger]).expect("coordinator");
    let codes: Vec<i16> = answered(left).members.iter().map(|member| member.error_code).collect();
    assert_eq!(codes, [0, ErrorCode::UnknownMemberId.code()]);
    assert_eq!(bench.state(), "Empty");
}

#[test]
fn groups_and_offsets_outlive_the_coordinator() {
    let mut bench = Bench::new();
    let member = bench.stable_group();
    drop(answered(bench.commit(&member, 1, 42)));
    assert_eq!(bench.fetch(), 42);

    let mut bench = Bench::over(Arc::clone(&bench.log));
    assert_eq!((bench.fetch(), bench.state().as_str()), (42, "Stable"));
    assert_eq!(bench.heartbeat(&member, 1), ErrorCode::None);
    bench.advance(10_000);
    assert_eq!(bench.state(), "Empty", "the member has been silent since");
    assert_eq!(bench.fetch(), 42);
}

#[test]
fn replies_wait_for_the_high_watermark() {
    let mut bench = Bench::new();
    let member = bench.stable_group();
    bench.log.state.lock().holds_high_watermark = true;
    let mut committed = bench.commit(&member, 1, 42);
    assert!(waits(&mut committed));
    assert_eq!(bench.fetch(), -1, "what may be lost is not shown");
    let end = bench.log.state.lock().end;
    bench.coordinator.committed_to(bench.now, PARTITION, end);
    assert_eq!(
        answered(committed).topics.iter().next().unwrap().partitions.iter().next().unwrap().error_code,
        0
    );
    assert_eq!(bench.fetch(), 42);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mut bench = Bench::new();
    let (member, joined) = bench.join_twice();
    bench.advance(3_000);
    drop(answered(joined));
    bench.log.state.lock().refusal = Some(ErrorCode::KafkaStorageError);
    let synced = answered(bench.sync(&member, 1, &[(&member, b"all")]));
    assert_eq!(synced.error_code, ErrorCode::NotCoordinator.code());
    let committed = answered(bench.commit("", -1, 1));
    let code = committed.topics.iter().next().unwrap().partitions.iter().next().unwrap().error_code;
    assert_eq!(code, ErrorCode::UnknownMemberId.code(), "a group with members takes commits of members only");
    assert_eq!(bench.fetch(), -1);
}

#[test]
fn commits_need_the_current_generation() {
    let mut bench = Bench::new();
    let member = bench.stable_group();
    let code = |response: OffsetCommitResponse<'_>| {
        response.topics.iter().next().unwrap().partitions.iter().next().unwrap().error_code
    };
    assert_eq!(code(answered(bench.commit(&member, 0, 1))), ErrorCode::IllegalGeneration.code());
    assert_eq!(code(answered(bench.commit("stranger", 1, 1))), ErrorCode::UnknownMemberId.code());
    assert_eq!(code(answered(bench.commit(&member, 1, 1))), 0);
}

#[test]
fn unused_offsets_and_groups_expire() {
    let mut bench = Bench::new();
    drop(answered(bench.commit("", -1, 9)));
    bench.coordinator.expire_offsets(bench.now);
    assert_eq!(bench.fetch(), 9);
    bench.now.wall_ms += GroupConfig::default().offsets_retention_ms;
    bench.coordinator.expire_offsets(bench.now);
    assert_eq!((bench.fetch(), bench.state().as_str()), (-1, "Dead"));
    assert_eq!(Bench::over(Arc::clone(&bench.log)).state(), "Dead", "the log says so too");
}

#[test]
fn only_empty_groups_are_deleted() {
    let mut bench = Bench::new();
    let member = bench.stable_group();
    let delete = |bench: &Bench| {
        let deleted = bench.coordinator.delete_groups(bench.now, PARTITION, &["g".into(), "h".into()]);
        answered(deleted.expect("coordinator")).iter().map(|result| result.error_code).collect::<Vec<_>>()
    };
    assert_eq!(delete(&bench), [ErrorCode::NonEmptyGroup.code(), ErrorCode::GroupIdNotFound.code()]);
    let identity = MemberIdentity { member_id: member.as_str().into(), ..MemberIdentity::default() };
    drop(answered(bench.coordinator.leave(bench.now, PARTITION, "g", &[identity]).expect("coordinator")));
    assert_eq!(delete(&bench), [0, ErrorCode::GroupIdNotFound.code()]);
    assert_eq!(bench.state(), "Dead");
    bench.advance(100_000);
}

#[test]
fn offsets_of_subscribed_topics_are_not_deleted() {
    let mut bench = Bench::new();
    let member = bench.stable_group();
    drop(answered(bench.commit(&member, 1, 42)));
    let partition = OffsetDeleteRequestPartition { partition_index: 3 };
    let topic = OffsetDeleteRequestTopic { name: "t".into(), partitions: vec![partition].into() };
    let request = OffsetDeleteRequest { group_id: "g".into(), topics: vec![topic].into() };
    let delete = |bench: &Bench| {
        let deleted =
            answered(bench.coordinator.delete_offsets(bench.now, PARTITION, &request).expect("coordinator"));
        deleted.topics.iter().next().unwrap().partitions.iter().next().unwrap().error_code
    };
    assert_eq!(delete(&bench), ErrorCode::GroupSubscribedToTopic.code());
    let identity = MemberIdentity { member_id: member.as_str().into(), ..MemberIdentity::default() };
    drop(answered(bench.coordinator.leave(bench.now, PARTITION, "g", &[identity]).expect("coordinator")));
    assert_eq!((delete(&bench), bench.fetch()), (0, -1));
}

#[test]
fn a_coordinator_that_resigns_sends_everybody_away() {
    let bench = Bench::new();
    let (_, joined) = bench.join_twice();
    bench.coordinator.unload_partition(PARTITION, 0);
    assert_eq!(answered(joined).error_code, ErrorCode::NotCoordinator.code());
    let refused = bench.coordinator.join(bench.now, PARTITION, joiner("", None)).map(drop);
    assert_eq!(refused, Err(ErrorCode::NotCoordinator));
}

#[test]
fn groups_are_spread_as_java_hashes() {
    assert_eq!(partition_for("abc", 50), 96_354 % 50);
    assert_eq!(partition_for("polygenelubricants", 50), 0, "a hash without an absolute value");
}
