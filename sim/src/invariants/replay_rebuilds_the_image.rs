//! A restart that finds exactly what was committed before rebuilds the same image, from the log or from a snapshot
//! and the rest of the log.

use super::{Invariant, Moment, ensure};

#[derive(Default)]
pub(super) struct ReplayRebuildsTheImage {
    /// End of what had been applied, and the image's records at that time.
    before: Option<(i64, Vec<Vec<u8>>)>,
}

impl Invariant for ReplayRebuildsTheImage {
    fn name(&self) -> &'static str {
        "replay_rebuilds_the_image"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        if let (Some((applied, records)), Some(reopened_at)) = (&self.before, moment.reopened_at) {
            ensure(*applied < reopened_at, || format!("{applied} were applied, {reopened_at} are left"))?;
            // The one record more is that of the new leader; anything else was never acknowledged and may stay.
            let is_exact = *applied + 1 == reopened_at && moment.quorum.log_end == reopened_at;
            ensure(!is_exact || records == moment.records, || {
                format!("{} records before, {} after", records.len(), moment.records.len())
            })?;
        }
        self.before = Some((moment.quorum.applied, moment.records.to_vec()));
        Ok(())
    }
}
