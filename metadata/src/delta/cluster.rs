//! Changes of [`ClusterImage`].

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::metadata_records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use wire::metadata_records::register_broker_record::RegisterBrokerRecord;
use wire::metadata_records::register_controller_record::RegisterControllerRecord;

use super::error::ReplayError;
use crate::image::{BrokerRegistration, ClusterImage, ControllerRegistration};

/// Brokers and controllers whose registration changed, came or went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterDelta {
    brokers: BTreeSet<i32>,
    controllers: BTreeSet<i32>,
}

impl ClusterDelta {
    /// Brokers whose registration is different; look into the image for what it is now.
    pub fn changed_brokers(&self) -> &BTreeSet<i32> {
        &self.brokers
    }

    /// Controllers whose registration is different.
    pub fn changed_controllers(&self) -> &BTreeSet<i32> {
        &self.controllers
    }

    pub(crate) fn replay_register_broker(
        &mut self,
        image: &mut ClusterImage,
        record: &RegisterBrokerRecord<'_>,
    ) {
        self.brokers.insert(record.broker_id);
        image.brokers.insert(record.broker_id, Arc::new(BrokerRegistration::from_record(record)));
    }

    pub(crate) fn replay_unregister_broker(
        &mut self,
        image: &mut ClusterImage,
        id: i32,
    ) -> Result<(), ReplayError> {
        self.brokers.insert(id);
        image.brokers.remove(&id).map(|_| ()).ok_or(ReplayError::UnknownBroker(id))
    }

    pub(crate) fn replay_register_controller(
        &mut self,
        image: &mut ClusterImage,
        record: &RegisterControllerRecord<'_>,
    ) {
        let registration = ControllerRegistration::from_record(record);
        self.controllers.insert(registration.id);
        image.controllers.insert(registration.id, Arc::new(registration));
    }

    pub(crate) fn replay_fenced(
        &mut self,
        image: &mut ClusterImage,
        id: i32,
        epoch: i64,
        fenced: bool,
    ) -> Result<(), ReplayError> {
        self.broker_mut(image, id, epoch)?.fenced = fenced;
        Ok(())
    }

    pub(crate) fn replay_broker_change(
        &mut self,
        image: &mut ClusterImage,
        record: &BrokerRegistrationChangeRecord<'_>,
    ) -> Result<(), ReplayError> {
        let broker = record.broker_id;
        let code_of = |code| ReplayError::UnknownBrokerChange { broker, code };
        let registration = self.broker_mut(image, broker, record.broker_epoch)?;
        match record.fenced {
            0 => {}
            1 => registration.fenced = true,
            -1 => registration.fenced = false,
            code => return Err(code_of(code)),
        }
        match record.in_controlled_shutdown {
            0 => {}
            1 => registration.in_controlled_shutdown = true,
            code => return Err(code_of(code)),
        }
        if !record.log_dirs.is_empty() {
            registration.directories = record.log_dirs.to_vec();
            registration.directories.sort_unstable();
        }
        if let Some(cordoned) = &record.cordoned_log_dirs {
            registration.cordoned_directories = Some(cordoned.to_vec());
        }
        Ok(())
    }

    fn broker_mut<'i>(
        &mut self,
        image: &'i mut ClusterImage,
        id: i32,
        epoch: i64,
    ) -> Result<&'i mut BrokerRegistration, ReplayError> {
        let registration = image.brokers.get_mut(&id).ok_or(ReplayError::UnknownBroker(id))?;
        if registration.epoch != epoch {
            return Err(ReplayError::WrongBrokerEpoch {
                broker: id,
                registered: registration.epoch,
                given: epoch,
            });
        }
        self.brokers.insert(id);
        Ok(Arc::make_mut(registration))
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &ClusterImage) {
        self.brokers.extend(before.brokers.keys());
        self.controllers.extend(before.controllers.keys());
    }
}
