//! "Did you mean": the known word nearest to a mistyped one.

/// The candidate nearest to `typed`, if it is near enough to be worth naming.
///
/// Near means at most one edit in four characters; ties go to the first in order.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (typed.chars().count() / 4).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(typed, candidate, allowed), candidate))
        .filter(|&(edits, _)| edits <= allowed)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// Optimal-string-alignment distance, so that two swapped letters count once.
///
/// Anything above `limit` may be reported as `limit + 1`.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    if left.len().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &b) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && a == right[column - 1] && left[row - 1] == b {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_letter_is_found() {
        let known = ["controller.listener.names", "listeners", "listener.security.protocol.map"];
        assert_eq!(nearest("controller.listener.name", known), Some("controller.listener.names"));
        assert_eq!(nearest("listenres", known), Some("listeners"));
    }

    #[test]
    fn a_far_word_is_not_named() {
        assert_eq!(nearest("my.own.setting", ["node.id", "process.roles"]), None);
        assert_eq!(nearest("x", ["node.id"]), None);
    }

    #[test]
    fn swapped_letters_count_once() {
        assert_eq!(distance("noed", "node", 3), 1);
        assert_eq!(distance("", "abc", 3), 3);
    }
}
