//! The id of a topic belongs to one topic for ever; once gone it stays gone.

use std::collections::{BTreeMap, BTreeSet};

use wire::Uuid;

use super::{Invariant, Moment, ensure};

#[derive(Default)]
pub(super) struct TopicIdsNeverReturn {
    names: BTreeMap<Uuid, String>,
    gone: BTreeSet<Uuid>,
}

impl Invariant for TopicIdsNeverReturn {
    fn name(&self) -> &'static str {
        "topic_ids_never_return"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let topics = moment.image.topics();
        for topic in topics.iter() {
            let (id, name) = (topic.id(), topic.name());
            ensure(!self.gone.contains(&id), || format!("{id} of {name} was gone"))?;
            let known = self.names.entry(id).or_insert_with(|| name.to_string());
            ensure(**known == **name, || format!("{id} was {known} and is {name}"))?;
        }
        let left = self.names.keys().filter(|id| topics.by_id(**id).is_none());
        self.gone.extend(left);
        Ok(())
    }
}
