//! One suite over all backends: what holds for one holds for all.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of a test end it by panicking")]

use std::io::{ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use kraftlog_log_store::io::{
    BlockingIo, DirEntry, EntryKind, File, FileRegion, Io, MemoryIo, OpenMode, ReadRequest, UringIo,
    read_file, replace_file,
};

/// A backend and an empty directory on it.
struct Bench {
    name: &'static str,
    io: Arc<dyn Io>,
    dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Arc<dyn File> {
        let file = self.io.open(&self.path(name), OpenMode::CreateNew).unwrap();
        file.write_at(&[IoSlice::new(bytes)], 0).unwrap();
        file
    }
}

/// Runs a test on every backend. Where the kernel forbids io_uring that backend cannot be had by
/// anybody, and the suite says so.
fn on_each_backend(test: impl Fn(&Bench)) {
    let memory = Bench {
        name: "memory",
        io: Arc::new(MemoryIo::new()),
        dir: PathBuf::from("/store"),
        _temporary: None,
    };
    memory.io.create_dir_all(&memory.dir).unwrap();
    test(&memory);
    let mut disks: Vec<(&str, Arc<dyn Io>)> = vec![("blocking", Arc::new(BlockingIo::new()))];
    match UringIo::new() {
        Ok(io) => disks.push(("io_uring", Arc::new(io))),
        Err(error) => println!("io_uring is not tested: {error}"),
    }
    for (name, io) in disks {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().to_owned();
        println!("on {name}");
        test(&Bench { name, io, dir, _temporary: Some(temporary) });
    }
}

fn kind<T>(result: std::io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn bytes_are_read_back_where_they_were_written() {
    on_each_backend(|bench| {
        let file = bench.create("a", b"hello");
        file.write_at(&[IoSlice::new(b"wo"), IoSlice::new(b""), IoSlice::new(b"rld")], 8).unwrap();
        let mut buffer = [9; 20];
        assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 13);
        assert_eq!(&buffer[..13], b"hello\0\0\0world", "{}: a gap reads as zeros", bench.name);
        assert_eq!(file.read_at(&mut buffer, 11).unwrap(), 2, "only up to the end");
        assert_eq!(file.read_at(&mut buffer, 13).unwrap(), 0);
        assert_eq!(file.read_at(&mut buffer, 1 << 40).unwrap(), 0);
        assert_eq!(kind(file.read_exact_at(&mut buffer, 0)), Some(ErrorKind::UnexpectedEof));
        assert_eq!(file.len().unwrap(), 13);
        file.flush().unwrap();
    });
}

#[test]
fn many_slices_arrive_in_order() {
    on_each_backend(|bench| {
        let parts = (0..3000u32).map(|n| n.to_le_bytes()[..(n % 5) as usize].to_vec());
        let parts = parts.collect::<Vec<_>>();
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let file = bench.create("a", b"");
        file.write_at(&slices, 3).unwrap();
        assert_eq!(read_file(&*bench.io, &bench.path("a")).unwrap()[3..], parts.concat());
    });
}

#[test]
fn open_modes_differ_in_what_they_make_and_keep() {
    on_each_backend(|bench| {
        let open = |name: &str, mode| bench.io.open(&bench.path(name), mode);
        assert_eq!(kind(open("a", OpenMode::Read)), Some(ErrorKind::NotFound));
        assert_eq!(kind(open("a", OpenMode::Write)), Some(ErrorKind::NotFound));
        open("a", OpenMode::Create).unwrap().write_at(&[IoSlice::new(b"x")], 0).unwrap();
        assert_eq!(kind(open("a", OpenMode::CreateNew)), Some(ErrorKind::AlreadyExists));
        assert_eq!(open("a", OpenMode::Create).unwrap().len().unwrap(), 1);
        assert_eq!(open("a", OpenMode::Write).unwrap().len().unwrap(), 1);
        let reader = open("a", OpenMode::Read).unwrap();
        assert!(reader.write_at(&[IoSlice::new(b"y")], 0).is_err(), "{}", bench.name);
        assert_eq!(open("a", OpenMode::Truncate).unwrap().len().unwrap(), 0);
        assert!(reader.is_empty().unwrap());
        assert_eq!(kind(open("missing/a", OpenMode::Create)), Some(ErrorKind::NotFound));
    });
}

#[test]
fn truncation_and_allocation_set_the_length() {
    on_each_backend(|bench| {
        let file = bench.create("a", b"0123456789");
        file.truncate(4).unwrap();
        file.truncate(6).unwrap();
        assert_eq!(read_file(&*bench.io, &bench.path("a")).unwrap(), b"0123\0\0");
        file.allocate(8192).unwrap();
        assert_eq!(file.len().unwrap(), 8192, "{}", bench.name);
        file.allocate(10).unwrap();
        assert_eq!(file.len().unwrap(), 8192);
        assert_eq!(bench.io.len(&bench.path("a")).unwrap(), 8192);
    });
}

#[test]
fn names_are_listed_renamed_and_removed() {
    on_each_backend(|bench| {
        let io = &bench.io;
        bench.create("b", b"old");
        bench.create("a", b"new");
        io.create_dir_all(&bench.path("c/d")).unwrap();
        io.create_dir_all(&bench.path("c/d")).unwrap();
        let entry = |name: &str, kind| DirEntry { name: name.into(), kind };
        let expected =
            [entry("a", EntryKind::File), entry("b", EntryKind::File), entry("c", EntryKind::Directory)];
        assert_eq!(io.list_dir(&bench.dir).unwrap(), expected);
        io.rename(&bench.path("a"), &bench.path("b")).unwrap();
        assert_eq!(read_file(&**io, &bench.path("b")).unwrap(), b"new");
        assert!(!io.exists(&bench.path("a")).unwrap());
        assert_eq!(kind(io.rename(&bench.path("a"), &bench.path("x"))), Some(ErrorKind::NotFound));
        assert_eq!(kind(io.remove_dir(&bench.path("c"))), Some(ErrorKind::DirectoryNotEmpty));
        io.remove_dir(&bench.path("c/d")).unwrap();
        io.rename(&bench.path("c"), &bench.path("e")).unwrap();
        io.remove_dir(&bench.path("e")).unwrap();
        io.remove(&bench.path("b")).unwrap();
        assert_eq!(kind(io.remove(&bench.path("b"))), Some(ErrorKind::NotFound));
        io.sync_dir(&bench.dir).unwrap();
        assert_eq!(io.list_dir(&bench.dir).unwrap(), []);
        assert_eq!(kind(io.list_dir(&bench.path("zz"))), Some(ErrorKind::NotFound));
        assert_eq!(kind(io.create_dir_all(Path::new("/"))), None);
    });
}

#[test]
fn a_file_in_the_way_of_a_directory_is_named() {
    on_each_backend(|bench| {
        bench.create("a", b"x");
        assert_eq!(
            kind(bench.io.create_dir_all(&bench.path("a/b"))),
            Some(ErrorKind::NotADirectory),
            "{}",
            bench.name
        );
        assert_eq!(kind(bench.io.list_dir(&bench.path("a"))), Some(ErrorKind::NotADirectory));
        assert_eq!(bench.io.metadata(&bench.dir).unwrap().kind, EntryKind::Directory);
        assert_eq!(bench.io.metadata(&bench.path("a")).unwrap().length, 1);
    });
}

#[test]
fn an_open_file_outlives_its_name() {
    on_each_backend(|bench| {
        let file = bench.create("a", b"kept");
        let region = FileRegion { file, position: 1, length: 3 };
        bench.io.remove(&bench.path("a")).unwrap();
        assert_eq!(region.read().unwrap(), b"ept", "{}", bench.name);
    });
}

#[test]
fn files_are_replaced_as_a_whole() {
    on_each_backend(|bench| {
        let path = bench.path("checkpoint");
        replace_file(&*bench.io, &path, b"a longer first version").unwrap();
        replace_file(&*bench.io, &path, b"short").unwrap();
        assert_eq!(read_file(&*bench.io, &path).unwrap(), b"short");
        assert_eq!(bench.io.list_dir(&bench.dir).unwrap().len(), 1, "no temporary file is left");
    });
}

#[test]
fn a_second_lock_is_refused_until_the_first_is_dropped() {
    on_each_backend(|bench| {
        let path = bench.path(".lock");
        let first = bench.io.lock(&path).unwrap();
        assert_eq!(kind(bench.io.lock(&path)), Some(ErrorKind::WouldBlock), "{}", bench.name);
        drop(first);
        drop(bench.io.lock(&path).unwrap());
    });
}

#[test]
fn many_files_are_flushed_together() {
    on_each_backend(|bench| {
        let files: Vec<_> = (0..150).map(|n| bench.create(&n.to_string(), &[7; 5000])).collect();
        let results = bench.io.flush_all(&files);
        assert_eq!(results.len(), files.len());
        assert!(results.iter().all(Result::is_ok), "{}: {results:?}", bench.name);
        assert!(bench.io.flush_all(&[]).is_empty());
        assert_eq!(bench.io.flush_all(&files[..1]).len(), 1);
    });
}

#[test]
fn later_flushes_call_back_once_each() {
    on_each_backend(|bench| {
        let (sender, receiver) = mpsc::channel();
        for n in 0..300 {
            let file = bench.create(&n.to_string(), b"x");
            let sender = sender.clone();
            bench.io.flush_later(file, Box::new(move |result| sender.send((n, result.is_ok())).unwrap()));
        }
        drop(sender);
        let mut done: Vec<_> = receiver.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..300).map(|n| (n, true)).collect::<Vec<_>>(), "{}", bench.name);
    });
}

#[test]
fn flushes_under_way_end_before_the_backend_does() {
    on_each_backend(|bench| {
        let (sender, receiver) = mpsc::channel();
        let io: Arc<dyn Io> = match bench.name {
            "blocking" => Arc::new(BlockingIo::new()),
            "io_uring" => Arc::new(UringIo::new().unwrap()),
            _ => Arc::clone(&bench.io),
        };
        for n in 0..100 {
            let file = bench.create(&n.to_string(), b"x");
            let sender = sender.clone();
            io.flush_later(file, Box::new(move |_| sender.send(()).unwrap()));
        }
        drop((io, sender));
        assert_eq!(receiver.iter().count(), 100);
    });
}

#[test]
fn batches_of_reads_fill_their_buffers() {
    on_each_backend(|bench| {
        let content: Vec<u8> = (0..100_000u32).map(|n| (n / 7) as u8).collect();
        let file = bench.create("a", &content);
        let mut buffers = vec![vec![0; 1000]; 130];
        let mut requests: Vec<_> = buffers
            .iter_mut()
            .enumerate()
            .map(|(n, buffer)| ReadRequest { file: &file, position: n as u64 * 900, buffer })
            .collect();
        let results = bench.io.read_batch(&mut requests);
        for (n, (result, buffer)) in results.into_iter().zip(&buffers).enumerate() {
            let expected = content.get(n * 900..).unwrap_or_default();
            let expected = &expected[..expected.len().min(1000)];
            assert_eq!(result.unwrap(), expected.len(), "{} read {n}", bench.name);
            assert_eq!(&buffer[..expected.len()], expected);
        }
    });
}

#[test]
fn space_is_told_and_a_descriptor_given_on_disks() {
    on_each_backend(|bench| {
        let space = bench.io.space(&bench.dir).unwrap();
        assert!(space.total >= space.usable && space.usable > 0, "{space:?}");
        assert_eq!(bench.create("a", b"").as_fd().is_some(), bench.name != "memory");
        bench.io.set_read_only(&bench.path("a")).unwrap();
    });
}

#[test]
fn files_follow_the_umask_and_are_never_for_everybody() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let io = BlockingIo::new();
    io.open(&path, OpenMode::Create).unwrap();
    let mode_of = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mode = || mode_of(&path);
    let by_umask = dir.path().join("b");
    std::fs::File::create(&by_umask).unwrap();
    assert_eq!(mode(), mode_of(&by_umask) & 0o660);
    io.set_read_only(&path).unwrap();
    assert_eq!(mode(), 0o400);
}
