//! Each mistake that is planted into the engine is found, within so many seeds, by a property that it breaks.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::seeds::live;
use crate::engine::mistakes::Mistake;

/// A mistake, within how many seeds it is found, and words of those who may find it.
const PLANTED: [(Mistake, u64, &[&str]); 14] = [
    (Mistake::VoteNotPersisted, 50, &["one vote in an epoch"]),
    (Mistake::TwoVotesInAnEpoch, 200, &["one vote in an epoch"]),
    (Mistake::VoteForStaleLog, 50, &["votes go to complete logs"]),
    (Mistake::VoteOfOtherDirectory, 200, &["votes go to complete logs"]),
    (Mistake::CountsUnflushed, 50, &["the high watermark only rises", "commit rule", " > "]),
    (Mistake::FetchBeforeFlush, 50, &["durable before it leaves"]),
    (Mistake::CommitsOlderEpoch, 200, &["commit rule"]),
    (Mistake::CountsOtherDirectory, 400, &["commit rule"]),
    (Mistake::CommitsWithMinority, 50, &["commit rule"]),
    (Mistake::DivergenceUnseen, 200, &["log matching"]),
    (Mistake::TruncatesCommitted, 200, &["truncation spares the committed"]),
    (Mistake::AddsLaggingVoter, 200, &["caught up before added"]),
    (Mistake::StacksVoterChanges, 400, &["one voter change uncommitted"]),
    (Mistake::StaysAfterRemoval, 200, &["convergence"]),
];

#[test]
fn planted_mistakes_are_found() {
    let missed: Vec<String> = PLANTED.iter().filter_map(fault_of_search).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Why the search for a mistake went wrong, if it did.
fn fault_of_search((mistake, seeds, finders): &(Mistake, u64, &[&str])) -> Option<String> {
    for seed in 0..*seeds {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| live(seed, Some(*mistake)))) else { continue };
        let found = words_of(&*panic);
        let is_expected = finders.iter().any(|finder| found.contains(finder));
        return (!is_expected).then(|| format!("{mistake:?} is found in seed {seed} by another: {found}"));
    }
    Some(format!("{mistake:?} is not found within {seeds} seeds"))
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}
