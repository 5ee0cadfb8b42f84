//! Effects and states as lines of a trace.

use crate::engine::{
    Content, ControlRecord, Effect, ElectionState, Engine, EpochResponse, FetchOutcome, LeaderAndEpoch,
    LogRange, Reply, Request,
};

pub(super) fn effect(effect: &Effect) -> String {
    match effect {
        Effect::PersistQuorumState { state, kraft_version } => {
            format!("persist {} kraft.version={kraft_version}", election(state))
        }
        Effect::Append { base_offset, epoch, content } => {
            format!("append {base_offset} epoch={epoch} {}", self::content(content))
        }
        Effect::AppendFetched { bytes, end } => format!("append fetched up to {end}, {} bytes", bytes.len()),
        Effect::Flush { end } => format!("flush {end}"),
        Effect::Truncate { end } => format!("truncate {end}"),
        Effect::SendRequest { to, request, .. } => {
            format!("send to {} at {}: {}", to.id, to.endpoint, self::request(request))
        }
        Effect::Reply { to, reply } => format!("reply {to}: {}", self::reply(reply)),
        Effect::AdvanceHighWatermark { high_watermark } => format!("high watermark {high_watermark}"),
        Effect::LeaderChanged { leader, epoch_start } => {
            format!("leader changed: {}{}", self::leader(*leader), optional(" since ", *epoch_start))
        }
        Effect::BeginSnapshot { id } => format!("begin snapshot {id}"),
        Effect::AppendSnapshot { id, bytes } => format!("append snapshot {id}, {} bytes", bytes.len()),
        Effect::InstallSnapshot { id } => format!("install snapshot {id}"),
        Effect::Report(report) => format!("report: {report}"),
    }
}

pub(super) fn state(engine: &Engine) -> String {
    let status = engine.status();
    format!(
        "= {} {} high watermark {} flushed {} end {}",
        status.role,
        leader(status.leader),
        status.high_watermark.map_or("-".to_owned(), |end| end.to_string()),
        engine.log().flushed(),
        engine.log().end_and_epoch(),
    )
}

fn content(content: &Content) -> String {
    match content {
        Content::Data(records) => format!("{} records", records.len()),
        Content::Control(records) => records.iter().map(control).collect::<Vec<_>>().join(", "),
    }
}

fn control(record: &ControlRecord) -> String {
    match record {
        ControlRecord::LeaderChange { leader_id, voters, granting_voters } => {
            format!("leader-change {leader_id} voters={voters:?} granting={granting_voters:?}")
        }
        ControlRecord::KRaftVersion(version) => format!("kraft-version {version}"),
        ControlRecord::Voters(voters) => format!("voters {voters}"),
    }
}

fn request(request: &Request) -> String {
    match request {
        Request::Vote(vote) => {
            let kind = if vote.pre_vote { "pre-vote" } else { "vote" };
            format!("{kind} epoch={} end={}", vote.epoch, vote.log_end)
        }
        Request::BeginQuorumEpoch(begin) => format!("begin epoch={}", begin.epoch),
        Request::EndQuorumEpoch(end) => {
            let successors: Vec<_> = end.preferred_candidates.iter().map(|key| key.id).collect();
            format!("end epoch={} successors={successors:?}", end.epoch)
        }
        Request::Fetch(fetch) => format!(
            "fetch epoch={} from {}@{} high watermark {}",
            fetch.leader_epoch, fetch.fetch_offset, fetch.last_fetched_epoch, fetch.high_watermark
        ),
        Request::FetchSnapshot(fetch) => {
            format!("fetch snapshot {} from {}", fetch.snapshot_id, fetch.position)
        }
        Request::DescribeQuorum => "describe quorum".to_owned(),
        Request::AddVoter(add) => format!("add voter {}", optional("", add.voter.map(|key| key.id))),
        Request::RemoveVoter(remove) => format!("remove voter {}", optional("", remove.voter)),
        Request::UpdateVoter(update) => format!("update voter epoch={}", update.epoch),
        Request::UpgradeKRaftVersion(_) => unreachable!("nobody is asked for an upgrade"),
        Request::ApiVersions => "api versions".to_owned(),
    }
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Vote(vote) => match vote.refusal {
            Some(refusal) => format!("{refusal:?} {}", leader(vote.leader)),
            None if vote.vote_granted => format!("granted {}", leader(vote.leader)),
            None => format!("rejected {}", leader(vote.leader)),
        },
        Reply::BeginQuorumEpoch(response)
        | Reply::EndQuorumEpoch(response)
        | Reply::UpdateVoter(response) => epoch_response(response),
        Reply::AddVoter(result) | Reply::RemoveVoter(result) | Reply::UpgradeKRaftVersion(result) => {
            match result {
                Ok(()) => "done".to_owned(),
                Err(fault) => format!("{:?}: {fault}", fault.refusal()),
            }
        }
        Reply::Fetch(fetch) => match fetch.refusal {
            Some(refusal) => format!("{refusal:?} {}", leader(fetch.leader)),
            None => format!(
                "{} {} high watermark {}",
                outcome(&fetch.outcome),
                leader(fetch.leader),
                fetch.high_watermark
            ),
        },
        Reply::FetchSnapshot(fetch) => format!("{:?} {}", fetch.chunk, leader(fetch.leader)),
        Reply::DescribeQuorum(Err(refusal)) => format!("{refusal:?}"),
        Reply::DescribeQuorum(Ok(quorum)) => {
            let ends = |replicas: &[crate::engine::ReplicaDescription]| {
                replicas.iter().map(|r| format!("{}:{}", r.key.id, r.log_end)).collect::<Vec<_>>().join(" ")
            };
            format!(
                "leader {} epoch {} high watermark {} voters [{}] observers [{}]",
                quorum.leader_id,
                quorum.epoch,
                quorum.high_watermark,
                ends(&quorum.voters),
                ends(&quorum.observers)
            )
        }
    }
}

fn epoch_response(response: &EpochResponse) -> String {
    match response.refusal {
        Some(refusal) => format!("{refusal:?} {}", leader(response.leader)),
        None => format!("ok {}", leader(response.leader)),
    }
}

fn outcome(outcome: &FetchOutcome<LogRange>) -> String {
    match outcome {
        FetchOutcome::Records(range) if range.from == range.to => "nothing".to_owned(),
        FetchOutcome::Records(range) => format!("records {}..{}", range.from, range.to),
        FetchOutcome::Diverging(end) => format!("diverging at {end}"),
        FetchOutcome::Snapshot(id) => format!("snapshot {id}"),
    }
}

fn election(state: &ElectionState) -> String {
    format!(
        "epoch={}{}{}",
        state.epoch,
        optional(" leader=", state.leader_id),
        optional(" voted=", state.voted.map(|key| key.id))
    )
}

fn leader(leader: LeaderAndEpoch) -> String {
    match leader.leader_id {
        Some(id) => format!("leader={id} epoch={}", leader.epoch),
        None => format!("leader=- epoch={}", leader.epoch),
    }
}

fn optional<T: ToString>(label: &str, value: Option<T>) -> String {
    value.map_or(String::new(), |value| format!("{label}{}", value.to_string()))
}
