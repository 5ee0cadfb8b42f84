//! The node's log, on standard output, in the lines that operators of Kafka know.

use std::fmt;

use jiff::Zoned;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Names what is logged, as `RUST_LOG` would: `debug`, `info,broker=debug`, …
const FILTER_VARIABLE: &str = "KRAFTLOG_LOG";

/// Starts logging: `info` and above, or what `KRAFTLOG_LOG` says. Called once per process.
pub(super) fn start() {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).event_format(KafkaLines).finish();
    // A second start in one process keeps the first one's log.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// `[2026-01-31 12:00:00,000] INFO message key=value (target)`
struct KafkaLines;

impl<S, N> FormatEvent<S, N> for KafkaLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let now = Zoned::now();
        write!(writer, "[{},{:03}] ", now.strftime("%Y-%m-%d %H:%M:%S"), now.millisecond())?;
        write!(writer, "{} ", level_name(*metadata.level()))?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer, " ({})", metadata.target())
    }
}

/// Log4j's names, which differ for warnings.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}
