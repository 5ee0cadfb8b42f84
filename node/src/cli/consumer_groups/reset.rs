//! `--reset-offsets`: which partitions, and to which offsets.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};

use super::groups::{self, Committed};
use super::table::{self, TopicPartition};
use super::{Problem, Tool};
use crate::cli::consume::{EARLIEST, LATEST, find_offset};
use crate::cli::failure::note;
use crate::clock;

/// The new offsets of a group.
type Plan = BTreeMap<TopicPartition, i64>;

/// Where to; exactly one with `--reset-offsets`.
#[derive(Debug, Args)]
#[group(multiple = false, requires = "reset_offsets")]
pub(super) struct Target {
    /// To this offset
    #[arg(long, value_name = "offset")]
    to_offset: Option<i64>,
    /// To the oldest record that is kept
    #[arg(long)]
    to_earliest: bool,
    /// Behind the newest record
    #[arg(long)]
    to_latest: bool,
    /// To where the group is
    #[arg(long)]
    to_current: bool,
    /// To the first record of this time: YYYY-MM-DDThh:mm:ss.sss
    #[arg(long, value_name = "datetime")]
    to_datetime: Option<String>,
    /// To the first record of this long ago: PnDTnHnMnS
    #[arg(long, value_name = "duration")]
    by_duration: Option<String>,
    /// Forwards or backwards from where the group is
    #[arg(long, value_name = "number-of-offsets", allow_hyphen_values = true)]
    shift_by: Option<i64>,
    /// To the offsets in a CSV file, as --export writes it
    #[arg(long, value_name = "path to CSV file")]
    from_file: Option<PathBuf>,
}

impl Target {
    pub(super) fn is_chosen(&self) -> bool {
        let flags = self.to_earliest || self.to_latest || self.to_current;
        let times = self.to_datetime.is_some() || self.by_duration.is_some();
        flags || times || self.to_offset.is_some() || self.shift_by.is_some() || self.is_from_file()
    }

    pub(super) fn is_from_file(&self) -> bool {
        self.from_file.is_some()
    }

    /// The time that is meant, ms since 1970.
    fn time(&self) -> Result<Option<i64>, Problem> {
        match (&self.to_datetime, &self.by_duration) {
            (Some(text), _) => parse_time(text).map(Some),
            (_, Some(text)) => Ok(Some(clock::now_ms() - parse_duration(text)?)),
            _ => Ok(None),
        }
    }
}

/// A time without a zone is UTC, as for Apache's tool.
fn parse_time(text: &str) -> Result<i64, Problem> {
    let zoned = text.parse::<Timestamp>();
    let parsed = zoned.or_else(|_| Ok(text.parse::<DateTime>()?.to_zoned(TimeZone::UTC)?.timestamp()));
    parsed.map(Timestamp::as_millisecond).map_err(|error: jiff::Error| {
        Problem::Said(format!("--to-datetime {text}: expected YYYY-MM-DDThh:mm:ss.sss: {error}"))
    })
}

/// Milliseconds; a day has 24 hours.
fn parse_duration(text: &str) -> Result<i64, Problem> {
    let days = SpanRelativeTo::days_are_24_hours();
    let parsed = text.parse::<Span>().and_then(|span| span.total((Unit::Millisecond, days)));
    parsed
        .map(|millis| millis as i64)
        .map_err(|error| Problem::Said(format!("--by-duration {text}: expected PnDTnHnMnS: {error}")))
}

impl Tool<'_> {
    pub(super) fn reset(&mut self) -> Result<(), Problem> {
        let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
        let mut refused = false;
        for id in self.chosen_groups()? {
            let group = groups::describe(&mut self.cluster, &id)?;
            if !matches!(group.state.as_str(), "Empty" | "Dead") {
                self.print_error(&format!(
                    "Assignments can only be reset if the group '{id}' is inactive, but the current state is {}.",
                    group.state
                ))?;
                plans.insert(id, Plan::new());
                refused = true;
                continue;
            }
            let committed = groups::committed(&mut self.cluster, group.coordinator.id, &id)?;
            let plan = self.plan(&id, &committed)?;
            if self.options.execute && !plan.is_empty() {
                groups::commit(&mut self.cluster, &id, &plan)?;
            }
            plans.insert(id, plan);
        }
        match self.options.export {
            true => self.export(&plans)?,
            false => self.show(&plans)?,
        }
        if refused { Err(Problem::Told) } else { Ok(()) }
    }

    fn plan(
        &mut self,
        group: &str,
        committed: &BTreeMap<TopicPartition, Committed>,
    ) -> Result<Plan, Problem> {
        if let Some(file) = &self.options.target.from_file {
            let text = fs::read_to_string(file)
                .map_err(|error| Problem::Said(format!("{}: cannot be read: {error}", file.display())))?;
            let only = (self.options.group.len() == 1).then_some(group);
            let plans = parse_csv(&text, only)
                .map_err(|fault| Problem::Said(format!("{}:{fault}", file.display())))?;
            let Some(plan) = plans.get(group) else {
                return Err(Problem::Said(format!("No reset plan for group {group} found")));
            };
            return self.within_logs(plan.clone());
        }
        let partitions = match self.options.all_topics {
            true => committed.keys().cloned().collect(),
            false => self.named_partitions()?,
        };
        let time = self.options.target.time()?;
        let mut plan = Plan::new();
        for partition in partitions {
            let offset = self.target_of(&partition, committed.get(&partition), time)?;
            plan.insert(partition, offset);
        }
        let target = &self.options.target;
        if target.to_offset.is_some() || target.shift_by.is_some() {
            self.within_logs(plan)
        } else {
            Ok(plan)
        }
    }

    fn target_of(
        &mut self,
        (topic, number): &TopicPartition,
        committed: Option<&Committed>,
        time: Option<i64>,
    ) -> Result<i64, Problem> {
        let target = &self.options.target;
        if let Some(offset) = target.to_offset {
            return Ok(offset);
        }
        if let Some(shift) = target.shift_by {
            let committed = committed.ok_or_else(|| {
                Problem::Said(format!(
                    "Cannot shift offset for partition {topic}-{number} since there is no current committed offset"
                ))
            })?;
            return Ok(committed.offset + shift);
        }
        match committed {
            Some(committed) if target.to_current => return Ok(committed.offset),
            _ => {}
        }
        let asked = time.unwrap_or(if target.to_earliest { EARLIEST } else { LATEST });
        let found = find_offset(&mut self.cluster, topic, *number, asked)?;
        if found >= 0 {
            return Ok(found);
        }
        writeln!(
            self.out,
            "\nWarn: Partition {number} from topic {topic} is empty. Falling back to latest known offset."
        )?;
        Ok(find_offset(&mut self.cluster, topic, *number, LATEST)?)
    }

    /// Offsets that lie outside of their logs are moved to the nearer end.
    fn within_logs(&mut self, mut plan: Plan) -> Result<Plan, Problem> {
        for ((topic, number), offset) in &mut plan {
            let start = find_offset(&mut self.cluster, topic, *number, EARLIEST)?;
            let end = find_offset(&mut self.cluster, topic, *number, LATEST)?;
            let inside = (*offset).clamp(start, end);
            if inside != *offset {
                let (which, side) = if inside == end { ("higher", "latest") } else { ("lower", "earliest") };
                note(&format!(
                    "New offset ({offset}) is {which} than {side} offset for topic partition {topic}-{number}. \
                     Value will be set to {inside}"
                ));
                *offset = inside;
            }
        }
        Ok(plan)
    }

    fn show(&mut self, plans: &BTreeMap<String, Plan>) -> Result<(), Problem> {
        let rows = plans.iter().flat_map(|(group, plan)| {
            plan.iter().map(|((topic, number), offset)| {
                [group.clone(), topic.clone(), number.to_string(), offset.to_string()]
            })
        });
        let rows: Vec<[String; 4]> = rows.collect();
        Ok(table::print(["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"], [15, 15, 10, 0], &rows, self.out)?)
    }

    fn export(&mut self, plans: &BTreeMap<String, Plan>) -> Result<(), Problem> {
        for (group, plan) in plans {
            for ((topic, number), offset) in plan {
                if self.options.group.len() != 1 {
                    write!(self.out, "{},", quoted(group))?;
                }
                writeln!(self.out, "{topic},{number},{offset}")?;
            }
        }
        Ok(writeln!(self.out)?)
    }
}

/// A group's name as a CSV cell.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// Reads lines of `topic,partition,offset` for the `only` group, or of `group,topic,partition,offset`. The
/// error is the number of a line and what is wrong with it.
fn parse_csv(text: &str, only: Option<&str>) -> Result<BTreeMap<String, Plan>, String> {
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = || format!("{}: expected group,topic,partition,offset", index + 1);
        let mut cells = line.rsplitn(4, ',').map(|cell| cell.trim().trim_matches('"'));
        let mut next = || cells.next();
        let (offset, number, topic, group) = (next(), next(), next(), next());
        let group = group.map(|group| group.replace("\"\"", "\"")).or_else(|| only.map(str::to_owned));
        let number = number.and_then(|number| number.parse().ok()).ok_or_else(fault)?;
        let offset = offset.and_then(|offset| offset.parse().ok()).ok_or_else(fault)?;
        let topic = topic.ok_or_else(fault)?.to_owned();
        plans.entry(group.ok_or_else(fault)?).or_default().insert((topic, number), offset);
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_csv_are_read() {
        let plan = Plan::from([(("t".to_owned(), 1), 7), (("t".to_owned(), 2), 8)]);
        assert_eq!(parse_csv("t,1,7\nt,2,8\n\n", Some("g")).unwrap()["g"], plan);
        assert_eq!(parse_csv("\"a, \"\"b\",t,1,7\n\"a, \"\"b\",t,2,8", None).unwrap()["a, \"b"], plan);
        assert_eq!(parse_csv("t,1,7", None).unwrap_err(), "1: expected group,topic,partition,offset");
        assert_eq!(parse_csv("\nt,x,7", Some("g")).unwrap_err(), "2: expected group,topic,partition,offset");
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        assert_eq!(parse_time("1970-01-01T00:00:01.500").ok(), Some(1_500));
        assert_eq!(parse_time("1970-01-01T01:00:01.500+01:00").ok(), Some(1_500));
        assert!(parse_time("yesterday").is_err());
    }

    #[test]
    fn a_duration_has_days_of_24_hours() {
        assert_eq!(parse_duration("P1DT1H").ok(), Some(25 * 3_600_000));
        assert_eq!(parse_duration("PT0.5S").ok(), Some(500));
        assert!(parse_duration("soon").is_err());
    }
}
