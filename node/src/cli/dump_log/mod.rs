//! `kafka-dump-log`: what the files of a log directory hold, in the form of Apache's DumpLogSegments.
//!
//! ```text
//!   log.rs       batches and records of segments and snapshots
//!   decoders.rs  keys and values as text, numbers, or the records of Kafka's own topics
//!   index.rs     offset, time and transaction indexes, and whether they agree with the log
//!   producers.rs snapshots of producer state
//! ```

mod decoders;
mod index;
mod log;
mod producers;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;

use super::Failure;
use super::failure::note;
use decoders::Decoder;

const STRING_DECODER: &str = "org.apache.kafka.tools.api.StringDecoder";

/// Print the records, indexes and snapshots in a log directory's files
#[derive(Debug, Parser)]
#[allow(clippy::struct_excessive_bools, reason = "the switches are Kafka's")]
pub(crate) struct DumpLog {
    /// The comma separated list of data and index log files to be dumped
    #[arg(long, required = true, value_delimiter = ',', value_name = "file1, file2, ...")]
    files: Vec<PathBuf>,
    /// Print the messages' content; set by every decoder option
    #[arg(long)]
    print_data_log: bool,
    /// Verify the index without printing its content
    #[arg(long)]
    verify_index_only: bool,
    /// Make the check that a broker makes at its start, and print no content
    #[arg(long)]
    index_sanity_check: bool,
    /// Size of the largest message
    #[arg(long, value_name = "size", default_value_t = 5 * 1024 * 1024)]
    max_message_size: u32,
    /// Read no more than this many bytes of each log
    #[arg(long, value_name = "size", default_value_t = i32::MAX.unsigned_abs())]
    max_bytes: u32,
    /// Go into the records of each batch; set by --print-data-log
    #[arg(long)]
    deep_iteration: bool,
    /// Decoder of values: StringDecoder, LongDecoder, IntegerDecoder or DefaultDecoder
    #[arg(long, value_name = "class", num_args = 0..=1, default_missing_value = STRING_DECODER)]
    value_decoder_class: Option<String>,
    /// Decoder of keys: StringDecoder, LongDecoder, IntegerDecoder or DefaultDecoder
    #[arg(long, value_name = "class", num_args = 0..=1, default_missing_value = STRING_DECODER)]
    key_decoder_class: Option<String>,
    /// Decode records of `__consumer_offsets`
    #[arg(long)]
    offsets_decoder: bool,
    /// Decode records of `__transaction_state`
    #[arg(long)]
    transaction_log_decoder: bool,
    /// Decode records of `__cluster_metadata`
    #[arg(long)]
    cluster_metadata_decoder: bool,
    /// Decode records of `__remote_log_metadata`
    #[arg(long)]
    remote_log_metadata_decoder: bool,
    /// Decode records of `__share_group_state`
    #[arg(long)]
    share_group_state_decoder: bool,
    /// Print the content of records without offset, time and size
    #[arg(long)]
    skip_record_metadata: bool,
}

impl DumpLog {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        if let Some(missing) = self.files.iter().find(|file| !file.exists()) {
            return Err(Failure::refused(format!("no such file: {}", missing.display())));
        }
        let decoder = self.decoder()?;
        let mut complaints = Complaints::default();
        for file in &self.files {
            writeln!(out, "Dumping {}", file.display())?;
            self.dump(file, &decoder, &mut complaints, out)?;
        }
        out.flush()?;
        complaints.report();
        Ok(())
    }

    fn dump(
        &self,
        file: &Path,
        decoder: &Decoder,
        complaints: &mut Complaints,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let checks =
            index::Checks { sanity_only: self.index_sanity_check, verify_only: self.verify_index_only };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("log" | "checkpoint") => {
                let options = log::Options {
                    decoder,
                    print_contents: self.prints_contents(),
                    deep: self.deep_iteration || self.prints_contents(),
                    skip_record_metadata: self.skip_record_metadata,
                    bytes_max: u64::from(self.max_bytes),
                };
                log::dump(file, &options, complaints, out)
            }
            Some("index") => index::dump_offsets(file, checks, complaints, out),
            Some("timeindex") => index::dump_times(file, checks, complaints, out),
            Some("txnindex") => index::dump_transactions(file, out),
            Some("snapshot") => producers::dump(file, out),
            _ => {
                note(&format!("Ignoring unknown file {}", file.display()));
                Ok(())
            }
        }
    }

    fn prints_contents(&self) -> bool {
        self.print_data_log
            || self.offsets_decoder
            || self.transaction_log_decoder
            || self.cluster_metadata_decoder
            || self.remote_log_metadata_decoder
            || self.share_group_state_decoder
            || self.value_decoder_class.is_some()
            || self.key_decoder_class.is_some()
    }

    fn decoder(&self) -> Result<Decoder, Failure> {
        Ok(match () {
            () if self.offsets_decoder => Decoder::Offsets,
            () if self.transaction_log_decoder => Decoder::Transactions,
            () if self.cluster_metadata_decoder => Decoder::Metadata,
            () if self.remote_log_metadata_decoder => Decoder::RemoteLog,
            () if self.share_group_state_decoder => Decoder::ShareGroups,
            () => Decoder::Plain {
                key: decoders::plain(self.key_decoder_class.as_deref().unwrap_or(STRING_DECODER))?,
                value: decoders::plain(self.value_decoder_class.as_deref().unwrap_or(STRING_DECODER))?,
            },
        })
    }
}

/// What does not fit together; said at the end, on standard error, under Apache's headings.
#[derive(Debug, Default)]
struct Complaints {
    sections: Vec<(String, Vec<String>)>,
}

impl Complaints {
    fn add(&mut self, heading: String, line: String) {
        match self.sections.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, lines)) => lines.push(line),
            None => self.sections.push((heading, vec![line])),
        }
    }

    fn report(&self) {
        for (heading, lines) in &self.sections {
            note(heading);
            for line in lines {
                note(line);
            }
        }
    }
}

/// The path as Apache names it in complaints.
fn absolute(file: &Path) -> String {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display().to_string()
}

/// The offset in a segment's name: the number before the first dot.
fn offset_in_name(file: &Path) -> Result<i64, Failure> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let offset = name.split('.').next().and_then(|digits| digits.parse().ok());
    offset.ok_or_else(|| {
        Failure::refused(format!(
            "{}: expected a name that starts with an offset, like 00000000000000000000.log",
            file.display()
        ))
    })
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("{}: cannot be read: {error}", file.display()))
}

/// `OptionalLong` as Java prints it.
fn optional_long(value: Option<i64>) -> String {
    value.map_or_else(|| "OptionalLong.empty".to_owned(), |value| format!("OptionalLong[{value}]"))
}
