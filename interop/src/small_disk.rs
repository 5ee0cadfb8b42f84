//! A file system of a few megabytes, for tests in which a disk fills up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::tool::{RunningTool, Tool};
use crate::wait::until;

/// Mounting takes milliseconds; a busy machine gets more.
const MOUNTED_WITHIN: Duration = Duration::from_secs(20);

/// Mounts it over a directory, says so, and waits for the end: the mount ends with the process.
const HOLD: &str = "mount -t tmpfs -o size=$1 small \"$2\" && echo mounted && exec sleep infinity";

/// How a process gets mounts of its own: as an ordinary user (in a user namespace), or as root where user
/// namespaces are switched off.
const NAMESPACES: [&str; 2] = ["--map-root-user --mount", "--mount"];

/// A file system in memory that ends with this value.
///
/// It is mounted in a namespace of its own, so nothing of it is seen elsewhere but below `path`.
pub struct SmallDisk {
    path: PathBuf,
    _holder: RunningTool,
    _mount_point: TempDir,
}

impl SmallDisk {
    /// An empty one that holds `bytes`.
    ///
    /// # Panics
    /// When the machine lets this user mount nothing; says what it lacks.
    pub fn of(bytes: u64) -> Self {
        let mount_point = tempfile::tempdir().expect("the temporary directory can be written");
        let mut refusals = Vec::new();
        for namespaces in NAMESPACES {
            let mut holder = hold(namespaces, bytes, mount_point.path());
            let mounted = until(MOUNTED_WITHIN, || holder.has_ended() || !holder.output().is_empty());
            if mounted.is_some() && !holder.has_ended() {
                let root = PathBuf::from(format!("/proc/{}/root", holder.id()));
                let inside =
                    mount_point.path().strip_prefix("/").expect("temporary directories are absolute");
                return Self { path: root.join(inside), _holder: holder, _mount_point: mount_point };
            }
            refusals.push(format!("unshare {namespaces}: {}", holder.kill_and_tell_errors().trim()));
        }
        panic!(
            "a test of a full disk mounts a small one, which this machine does not let its user do ({}): run it as root \
             with CAP_SYS_ADMIN, or allow user namespaces (sysctl user.max_user_namespaces, and \
             kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu)",
            refusals.join("; ")
        );
    }

    /// Where it is, for every process of this user.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn hold(namespaces: &str, bytes: u64, mount_point: &Path) -> RunningTool {
    let unshare = Tool::new("unshare", "unshare").words(namespaces);
    unshare.words("-- sh -c").arg(HOLD).words(&format!("sh {bytes}")).arg(mount_point).start()
}
