//! List and describe.

use std::collections::BTreeMap;

use super::groups::{self, Committed, Group, Member};
use super::table::{self, MISSING, TopicPartition, or_missing};
use super::{Problem, Tool};
use crate::cli::consume::{LATEST, find_offset};
use crate::cli::failure::note;

/// A partition of which a group has an offset or a member.
struct Row {
    partition: TopicPartition,
    committed: Option<Committed>,
    end: Option<i64>,
    member: String,
    host: String,
    client: String,
}

impl Tool<'_> {
    pub(super) fn list(&mut self) -> Result<(), Problem> {
        let (state, kind) = (&self.options.view.state, &self.options.types);
        let states = words(
            state,
            &[
                "Empty",
                "Stable",
                "PreparingRebalance",
                "CompletingRebalance",
                "Assigning",
                "Reconciling",
                "Dead",
            ],
        )?;
        let types = words(kind, &["Classic", "Consumer"])?;
        let listed = groups::list(&mut self.cluster, &states, &types)?;
        if state.is_none() && kind.is_none() {
            for group in listed {
                writeln!(self.out, "{}", group.id)?;
            }
            return Ok(());
        }
        let longest = listed.iter().map(|group| group.id.len()).fold(15, usize::max) + 10;
        let mut line = |id: &str, a_kind: &str, a_state: &str| {
            write!(self.out, "{id:<longest$}")?;
            for (shown, cell) in [(kind.is_some(), a_kind), (state.is_some(), a_state)] {
                if shown {
                    write!(self.out, " {cell:<20}")?;
                }
            }
            writeln!(self.out)
        };
        line("GROUP", "TYPE", "STATE")?;
        for group in listed {
            line(&group.id, &group.kind, &group.state)?;
        }
        Ok(())
    }

    pub(super) fn describe(&mut self) -> Result<(), Problem> {
        let mut missing = false;
        let mut chosen = self.chosen_groups()?;
        chosen.sort();
        for id in chosen {
            let group = groups::describe(&mut self.cluster, &id)?;
            let view = &self.options.view;
            let described = match (view.members, view.state.is_some()) {
                (true, _) => self.members(&id, &group),
                (_, true) => self.state(&id, &group),
                _ => self.offsets(&id, &group),
            };
            missing |= !described?;
        }
        if missing { Err(Problem::Told) } else { Ok(()) }
    }

    /// Says what is special about the group's state; whether there is such a group.
    fn introduce(&mut self, id: &str, group: &Group) -> Result<bool, Problem> {
        match group.state.as_str() {
            "Dead" => {
                self.print_error(&format!("Consumer group '{id}' does not exist."))?;
                return Ok(false);
            }
            "Empty" => note(&format!("\nConsumer group '{id}' has no active members.")),
            "Stable" => {}
            _ => note(&format!("\nWarning: Consumer group '{id}' is rebalancing.")),
        }
        Ok(true)
    }

    fn offsets(&mut self, id: &str, group: &Group) -> Result<bool, Problem> {
        if !self.introduce(id, group)? {
            return Ok(false);
        }
        let rows = self.rows(id, group)?;
        if rows.is_empty() {
            return Ok(true);
        }
        let cells = |row: &Row| {
            let offset = row.committed.map(|committed| committed.offset);
            let lag = offset.zip(row.end).map(|(offset, end)| end - offset);
            let (topic, number) = &row.partition;
            let epoch = row.committed.and_then(|committed| committed.leader_epoch);
            [
                id.to_owned(),
                topic.clone(),
                number.to_string(),
                or_missing(epoch),
                or_missing(offset),
                or_missing(row.end),
                or_missing(lag),
                row.member.clone(),
                row.host.clone(),
                row.client.clone(),
            ]
        };
        let rows: Vec<[String; 10]> = rows.iter().map(cells).collect();
        let header = [
            "GROUP",
            "TOPIC",
            "PARTITION",
            "LEADER-EPOCH",
            "CURRENT-OFFSET",
            "LOG-END-OFFSET",
            "LAG",
            "CONSUMER-ID",
            "HOST",
            "CLIENT-ID",
        ];
        let widths = [15, 15, 10, 15, 15, 15, 15, 15, 15, 0];
        if self.options.verbose {
            table::print(header, widths, &rows, self.out)?;
        } else {
            let rows: Vec<[String; 9]> = rows.into_iter().map(without_epoch).collect();
            table::print(without_epoch(header), without_epoch(widths), &rows, self.out)?;
        }
        Ok(true)
    }

    /// The partitions of the members, most of them first, then those that nobody reads.
    fn rows(&mut self, id: &str, group: &Group) -> Result<Vec<Row>, Problem> {
        let committed = groups::committed(&mut self.cluster, group.coordinator.id, id)?;
        let mut members: Vec<&Member> = group.members.iter().collect();
        members.sort_by_key(|member| std::cmp::Reverse(member.partitions.len()));
        let mut unread: BTreeMap<&TopicPartition, ()> = committed.keys().map(|key| (key, ())).collect();
        let mut places = Vec::new();
        for member in members {
            for partition in &member.partitions {
                unread.remove(partition);
                places.push((partition, member.id.as_str(), member.host.as_str(), member.client_id.as_str()));
            }
        }
        places.extend(unread.into_keys().map(|partition| (partition, MISSING, MISSING, MISSING)));
        let mut rows = Vec::new();
        for (partition, member, host, client) in places {
            rows.push(Row {
                partition: partition.clone(),
                committed: committed.get(partition).copied(),
                end: self.end_of(partition)?,
                member: member.to_owned(),
                host: host.to_owned(),
                client: client.to_owned(),
            });
        }
        Ok(rows)
    }

    /// Where the partition ends; nothing for one that is gone.
    fn end_of(&mut self, (topic, number): &TopicPartition) -> Result<Option<i64>, Problem> {
        match self.cluster.describe(Some(&[topic]), false)?.first() {
            Some(found) if found.partitions.iter().any(|known| known.index == *number) => {
                Ok(Some(find_offset(&mut self.cluster, topic, *number, LATEST)?))
            }
            _ => Ok(None),
        }
    }

    fn members(&mut self, id: &str, group: &Group) -> Result<bool, Problem> {
        if !self.introduce(id, group)? {
            return Ok(false);
        }
        if group.members.is_empty() {
            return Ok(true);
        }
        let with_instances = group.members.iter().any(|member| !member.instance_id.is_empty());
        let mut header =
            vec!["GROUP", "CONSUMER-ID", "GROUP-INSTANCE-ID", "HOST", "CLIENT-ID", "#PARTITIONS"];
        let mut widths = vec![15, 15, 17, 15, 15, 15];
        if self.options.verbose {
            header.extend(["CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT"]);
            widths.extend([15, 20, 15, 20]);
        }
        let mut rows: Vec<Vec<String>> = vec![header.iter().map(|word| (*word).to_owned()).collect()];
        rows.extend(group.members.iter().map(|member| member_cells(id, member, self.options.verbose)));
        for (column, width) in widths.iter_mut().enumerate() {
            *width = rows.iter().map(|row| row[column].len()).fold(*width, usize::max);
        }
        writeln!(self.out)?;
        for row in rows {
            let shown =
                row.iter().zip(&widths).enumerate().filter(|(column, _)| with_instances || *column != 2);
            let cells = shown.map(|(_, (cell, width))| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join(" ");
            // Kafka ends the short form with a space, the long one without.
            writeln!(self.out, "{line}{}", if self.options.verbose { "" } else { " " })?;
        }
        Ok(true)
    }

    fn state(&mut self, id: &str, group: &Group) -> Result<bool, Problem> {
        if !self.introduce(id, group)? {
            return Ok(false);
        }
        let coordinator = &group.coordinator;
        let place = format!("{}:{}  ({})", coordinator.host, coordinator.port, coordinator.id);
        let assignor = if group.assignor.is_empty() { MISSING } else { &group.assignor };
        let (id, state, members) = (id.to_owned(), group.state.clone(), group.members.len().to_string());
        if self.options.verbose {
            let header = [
                "GROUP",
                "COORDINATOR (ID)",
                "ASSIGNMENT-STRATEGY",
                "STATE",
                "GROUP-EPOCH",
                "TARGET-ASSIGNMENT-EPOCH",
                "#MEMBERS",
            ];
            let missing = || MISSING.to_owned();
            let row = [id, place, assignor.to_owned(), state, missing(), missing(), members];
            table::print(header, [15, 25, 20, 20, 15, 25, 0], &[row], self.out)?;
        } else {
            let header = ["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"];
            let row = [id, place, assignor.to_owned(), state, members];
            table::print(header, [15, 25, 20, 20, 0], &[row], self.out)?;
        }
        Ok(true)
    }
}

/// The columns without LEADER-EPOCH, which only the long form has.
fn without_epoch<T>([group, topic, partition, _, offset, end, lag, member, host, client]: [T; 10]) -> [T; 9] {
    [group, topic, partition, offset, end, lag, member, host, client]
}

/// Classic groups have no epochs and no assignment but the present one.
fn member_cells(group: &str, member: &Member, verbose: bool) -> Vec<String> {
    let mut cells = vec![
        group.to_owned(),
        member.id.clone(),
        member.instance_id.clone(),
        member.host.clone(),
        member.client_id.clone(),
        member.partitions.len().to_string(),
    ];
    if verbose {
        let missing = || MISSING.to_owned();
        cells.extend([missing(), assignment(&member.partitions), missing(), missing()]);
    }
    cells
}

/// `topic:0,1;other:2`
fn assignment(partitions: &[TopicPartition]) -> String {
    let mut topics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (topic, number) in partitions {
        topics.entry(topic).or_default().push(number.to_string());
    }
    let topics: Vec<String> =
        topics.into_iter().map(|(topic, numbers)| format!("{topic}:{}", numbers.join(","))).collect();
    if topics.is_empty() { MISSING.to_owned() } else { topics.join(";") }
}

/// The words of a list between commas, in Kafka's spelling; none where the option has no value.
fn words(option: &Option<Option<String>>, known: &[&str]) -> Result<Vec<String>, Problem> {
    let Some(Some(text)) = option else { return Ok(Vec::new()) };
    let spelled = |word: &str| {
        let found = known.iter().find(|known| known.eq_ignore_ascii_case(word.trim()));
        found.map(|known| (*known).to_owned()).ok_or_else(|| {
            Problem::Said(format!("Invalid list '{text}'. Valid words are: {}", known.join(", ")))
        })
    };
    text.split(',').map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_told_by_topic() {
        let partition = |topic: &str, number| (topic.to_owned(), number);
        assert_eq!(assignment(&[partition("b", 2), partition("a", 0), partition("b", 10)]), "a:0;b:2,10");
        assert_eq!(assignment(&[]), "-");
    }

    #[test]
    fn states_are_read_in_any_case() {
        let option = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(words(&option("stable, EMPTY"), &["Empty", "Stable"]).ok().unwrap(), ["Stable", "Empty"]);
        assert!(words(&option("happy"), &["Empty"]).is_err());
        assert!(words(&Some(None), &["Empty"]).ok().unwrap().is_empty());
    }
}
