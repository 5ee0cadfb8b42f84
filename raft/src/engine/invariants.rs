//! What holds after every step.

use super::core::Engine;
use super::role::Role;

impl Engine {
    /// Checks `log_start ≤ snapshot_end ≤ high_watermark ≤ flushed ≤ log_end` and what a role implies;
    /// the driver adds `applied`.
    ///
    /// # Panics
    /// When one of them is broken: a defect of this crate, or of an executor.
    pub fn validate(&self) {
        self.log.validate();
        if let (Some(high_watermark), Some(snapshot)) = (self.high_watermark, self.log.latest_snapshot()) {
            assert!(
                snapshot.offset <= high_watermark,
                "snapshot {snapshot} > high watermark {high_watermark}"
            );
        }
        if let Some(high_watermark) = self.high_watermark {
            assert!(self.log.start() <= high_watermark);
            assert!(high_watermark <= self.log.flushed(), "{high_watermark} > {}", self.log.flushed());
        }
        assert!(self.log.end_and_epoch().epoch <= self.epoch, "a record of an epoch not yet seen");
        self.validate_role();
    }

    fn validate_role(&self) {
        let own_id = Some(self.config.node_id);
        match &self.role {
            Role::Leader(role) => {
                assert_eq!(self.leader_id, own_id);
                assert!(role.epoch_start < self.log.end(), "an epoch begins with its leader-change record");
            }
            Role::Resigned(_) => assert_eq!(self.leader_id, own_id),
            Role::Follower(_) => {
                assert!(self.leader_id.is_some() && self.leader_id != own_id);
                assert!(!self.leader_endpoints.is_empty(), "a follower knows where its leader listens");
            }
            Role::Candidate(_) => {
                assert_eq!(self.leader_id, None);
                assert_eq!(self.voted, Some(self.config.key()));
            }
            Role::Unattached(_) | Role::Prospective(_) => {}
        }
    }
}
