//! What a process has used, from /proc.

use std::time::Duration;

/// CPU time so far, of all threads.
///
/// # Panics
/// When the process is gone.
pub(crate) fn cpu_time(process_id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process_id}/stat")).expect("the process lives");
    let (_, behind_name) = stat.rsplit_once(") ").expect("the name stands in parentheses");
    // utime and stime are fields 14 and 15; the state behind the name is field 3.
    let ticks: u64 = behind_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse().unwrap_or(0)).sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Resident memory now, bytes.
pub(crate) fn memory_now(process_id: u32) -> u64 {
    status_kib(process_id, "VmRSS:") * 1024
}

/// The most memory that was ever resident, bytes.
pub(crate) fn memory_peak(process_id: u32) -> u64 {
    status_kib(process_id, "VmHWM:") * 1024
}

fn status_kib(process_id: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).expect("the kernel tells it in kB")
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_used_something() {
        let me = std::process::id();
        assert!(super::memory_peak(me) >= super::memory_now(me) / 2);
        assert!(super::memory_now(me) > 100_000);
        let _ = super::cpu_time(me);
    }
}
