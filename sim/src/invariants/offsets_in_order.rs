//! `snapshot_end ≤ applied ≤ high_watermark ≤ log_end`; what is committed and shown stays so. The log start and the
//! flushed end are not public: the driver asserts the whole chain in each of its rounds.

use super::{Invariant, Moment, ensure};

#[derive(Default)]
pub(super) struct OffsetsInOrder {
    /// The furthest that was ever committed.
    high_watermark: i64,
}

impl Invariant for OffsetsInOrder {
    fn name(&self) -> &'static str {
        "offsets_in_order"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let quorum = moment.quorum;
        let snapshot_end = quorum.latest_snapshot.map_or(0, |id| id.offset);
        let high_watermark = quorum.high_watermark.ok_or("a quorum of one knows what is committed")?;
        let shown = moment.image.provenance().end_offset;
        let offsets = [snapshot_end, quorum.applied, high_watermark, quorum.log_end];
        ensure(offsets.is_sorted(), || format!("snapshot, applied, high watermark, log end: {offsets:?}"))?;
        ensure(shown <= quorum.applied, || format!("image to {shown}, applied to {}", quorum.applied))?;
        let before = self.high_watermark;
        ensure(before <= high_watermark, || format!("the high watermark fell: {before}, {high_watermark}"))?;
        self.high_watermark = high_watermark;
        Ok(())
    }
}
