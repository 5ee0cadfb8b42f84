//! Kafka's tables: columns to the left, each at least as wide as Kafka makes it, none padded at the end.

use std::io::{self, Write};

/// A topic's name and the number of a partition.
pub(super) type TopicPartition = (String, i32);

/// What stands where nothing is known.
pub(super) const MISSING: &str = "-";

/// A value, or [`MISSING`].
pub(super) fn or_missing<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| value.to_string())
}

/// Prints `rows` under `header`, each on a line of its own behind an empty one, as Kafka's tools do.
/// A column is as wide as its longest cell and at least its `widths`; 0 leaves it unpadded, as Kafka does
/// with the last.
pub(super) fn print<const N: usize>(
    header: [&str; N],
    widths: [usize; N],
    rows: &[[String; N]],
    out: &mut dyn Write,
) -> io::Result<()> {
    let longest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let width = |column: usize| match widths[column] {
        0 => 0,
        least => least.max(longest(column)),
    };
    let header = header.map(str::to_owned);
    for row in std::iter::once(&header).chain(rows) {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        write!(out, "\n{}", cells.collect::<Vec<_>>().join(" "))?;
    }
    writeln!(out)
}
