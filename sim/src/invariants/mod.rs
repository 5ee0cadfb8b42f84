//! What must hold after every step, one property per file.

mod acknowledged_metadata_survives;
mod epochs_never_fall;
mod offsets_in_order;
mod replay_rebuilds_the_image;
mod topic_ids_never_return;

use metadata::image::MetadataImage;
use raft::QuorumInfo;

use crate::workload::{Answer, Ask};

/// What happened in a step, in order.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A request was handed in; whether it takes effect is open until it is answered.
    Asked(Ask),
    /// It was answered.
    Answered(Ask, Answer),
}

/// What an invariant gets to see after a step.
pub(crate) struct Moment<'a> {
    pub(crate) image: &'a MetadataImage,
    /// The image's records, sorted.
    pub(crate) records: &'a [Vec<u8>],
    pub(crate) quorum: &'a QuorumInfo,
    /// End of the log as the last restart of this step found it, with the record of the new leader.
    pub(crate) reopened_at: Option<i64>,
    pub(crate) events: &'a [Event],
}

/// A property that holds after every step of every run.
pub(crate) trait Invariant {
    /// Its file's name.
    fn name(&self) -> &'static str;

    /// # Errors
    /// How it is broken.
    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String>;
}

/// All of them, at the start of a run.
pub(crate) fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(offsets_in_order::OffsetsInOrder::default()),
        Box::new(acknowledged_metadata_survives::AcknowledgedMetadataSurvives::default()),
        Box::new(replay_rebuilds_the_image::ReplayRebuildsTheImage::default()),
        Box::new(epochs_never_fall::EpochsNeverFall::default()),
        Box::new(topic_ids_never_return::TopicIdsNeverReturn::default()),
    ]
}

/// `Err` with a sentence unless `holds`.
fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(sentence()) }
}
