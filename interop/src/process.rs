//! Child processes that cannot outlive the test that started them.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// A started child. It is killed when this value is dropped, and by the kernel when the whole test
/// process dies.
pub struct Running {
    child: Child,
}

struct Job {
    command: Command,
    started: Sender<io::Result<Child>>,
}

/// The one thread that starts children. The kernel ties a child's death to the *thread* that
/// started it, and a test's thread ends before the children that tests share.
static KEEPER: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (jobs, queue) = channel::<Job>();
    std::thread::spawn(move || {
        for mut job in queue {
            // A receiver that is gone has panicked; its child ends with the dropped value.
            let _ = job.started.send(job.command.spawn());
        }
    });
    jobs
});

/// `program` under `setpriv`, which asks the kernel to kill it when its parent dies.
pub(crate) fn mortal(program: &std::ffi::OsStr) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

impl Running {
    /// Starts `command`, which [`mortal`] made.
    pub(crate) fn start(command: Command) -> Self {
        let shown = format!("{command:?}");
        let (started, answer) = channel();
        KEEPER.send(Job { command, started }).expect("the keeper thread lives as long as the process");
        let child = answer.recv().expect("the keeper thread answers every job");
        Self { child: child.unwrap_or_else(|error| panic!("cannot start {shown}: {error}")) }
    }

    /// The process id, which is also the program's: `setpriv` replaces itself.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(&mut self) {
        // An error means that the child is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM and returns at once.
    pub fn terminate(&self) {
        let _ = kill_process(self.pid(), Signal::TERM);
    }

    /// The exit status, if the child ends before `within` passes.
    pub fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let pidfd = pidfd_open(self.pid(), PidfdFlags::empty()).expect("an unreaped child has a pidfd");
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return Some(status);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let left = Timespec::try_from(left).expect("a deadline of a test fits");
            // Interrupted or timed out: the loop looks again.
            let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&left));
        }
    }

    /// Whether it still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
