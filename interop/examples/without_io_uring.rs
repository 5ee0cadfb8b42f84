//! Becomes the program that its arguments name, with io_uring forbidden by a seccomp filter, as the default
//! profile of container runtimes does it: the calls fail with EPERM.

use std::error::Error;
use std::os::unix::process::CommandExt;
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// The calls, with no condition on their arguments.
const FORBIDDEN: [i64; 3] = [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

fn filter() -> Result<BpfProgram, Box<dyn Error>> {
    let rules = FORBIDDEN.into_iter().map(|call| (call, Vec::new())).collect();
    let eperm = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, eperm, std::env::consts::ARCH.try_into()?)?
        .try_into()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().ok_or("which program?")?;
    apply_filter(&filter()?)?;
    Err(Command::new(program).args(words).exec().into())
}
