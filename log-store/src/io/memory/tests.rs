use std::io::{ErrorKind, IoSlice};
use std::path::Path;

use super::*;
use crate::io::{read_file, replace_file};

fn write(io: &MemoryIo, path: &str, bytes: &[u8]) -> Arc<dyn File> {
    let file = io.open(Path::new(path), OpenMode::Create).unwrap();
    file.write_at(&[IoSlice::new(bytes)], 0).unwrap();
    file
}

fn read(io: &MemoryIo, path: &str) -> std::result::Result<Vec<u8>, ErrorKind> {
    read_file(io, Path::new(path)).map_err(|error| error.kind())
}

#[test]
fn power_loss_keeps_only_what_was_flushed() {
    let io = MemoryIo::new();
    let file = write(&io, "/a", b"first");
    file.flush().unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    file.write_at(&[IoSlice::new(b"SECOND")], 0).unwrap();
    assert_eq!(read(&io.crash(Crash::Power), "/a").unwrap(), b"first");
    assert_eq!(read(&io.crash(Crash::Process), "/a").unwrap(), b"SECOND");
    assert_eq!(read(&io, "/a").unwrap(), b"SECOND");
}

#[test]
fn a_flushed_file_is_lost_when_its_name_was_not_synced() {
    let io = MemoryIo::new();
    write(&io, "/a", b"first").flush().unwrap();
    assert_eq!(read(&io.crash(Crash::Power), "/a"), Err(ErrorKind::NotFound));
}

#[test]
fn a_torn_crash_mixes_sectors_and_is_the_same_for_the_same_seed() {
    let io = MemoryIo::new();
    let file = write(&io, "/a", &[1; 4096]);
    file.flush().unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    file.write_at(&[IoSlice::new(&[2; 4096])], 0).unwrap();
    let mut mixed = 0;
    for seed in 0..20 {
        let content = read(&io.crash(Crash::Torn { seed }), "/a").unwrap();
        assert_eq!(content, read(&io.crash(Crash::Torn { seed }), "/a").unwrap());
        for sector in content.chunks(512) {
            assert!(sector.iter().all(|byte| *byte == sector[0]), "a sector is never torn");
        }
        mixed += usize::from(content.contains(&1) && content.contains(&2));
    }
    assert!(mixed > 10, "{mixed} of 20 seeds mix old and new");
}

#[test]
fn a_failed_flush_loses_the_bytes_and_a_second_one_does_not_say_so() {
    let io = MemoryIo::new();
    let file = write(&io, "/a", b"lost");
    io.sync_dir(Path::new("/")).unwrap();
    io.set_faults(Faults::change(0, Fault::InputOutput));
    assert_eq!(file.flush().unwrap_err().raw_os_error(), Some(libc::EIO));
    file.flush().unwrap();
    assert_eq!(read(&io, "/a").unwrap(), b"lost");
    assert_eq!(read(&io.crash(Crash::Power), "/a").unwrap(), b"");
}

#[test]
fn power_off_stops_every_later_call() {
    let io = MemoryIo::new();
    let file = write(&io, "/a", b"x");
    io.set_faults(Faults::power_off_after(1));
    file.write_at(&[IoSlice::new(b"y")], 1).unwrap();
    file.read_at(&mut [0], 0).unwrap();
    assert!(file.write_at(&[IoSlice::new(b"z")], 2).is_err());
    assert!(file.read_at(&mut [0], 0).is_err(), "nothing works without power");
    assert_eq!(read(&io.crash(Crash::Process), "/a").unwrap(), b"xy");
}

#[test]
fn a_full_disk_takes_what_fits() {
    let io = MemoryIo::new();
    let file = io.open(Path::new("/a"), OpenMode::Create).unwrap();
    io.set_faults(Faults { capacity: Some(4), ..Faults::default() });
    let error = file.write_at(&[IoSlice::new(b"123456")], 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 4);
    assert_eq!(file.allocate(5).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(io.space(Path::new("/")).unwrap(), Space { total: 4, usable: 0 });
    file.truncate(1).unwrap();
    assert_eq!(io.space(Path::new("/")).unwrap().usable, 3);
    io.remove(Path::new("/a")).unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    drop(file);
    assert_eq!(io.space(Path::new("/")).unwrap().usable, 4);
}

#[test]
fn soft_faults_answer_ok_and_do_harm() {
    let io = MemoryIo::new();
    let file = io.open(Path::new("/a"), OpenMode::Create).unwrap();
    io.set_faults(Faults::change(0, Fault::BitFlip { bit: 8 }));
    file.write_at(&[IoSlice::new(&[0, 0])], 0).unwrap();
    assert_eq!(read(&io, "/a").unwrap(), [0, 1]);
    io.set_faults(Faults::change(0, Fault::Misdirected { by: 2 }));
    file.write_at(&[IoSlice::new(&[7])], 0).unwrap();
    assert_eq!(read(&io, "/a").unwrap(), [0, 1, 7]);
    io.set_faults(Faults::change(0, Fault::Lie));
    file.flush().unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    assert_eq!(read(&io.crash(Crash::Power), "/a").unwrap(), b"");
    io.set_faults(Faults::call(0, Fault::BitFlip { bit: 0 }));
    let mut byte = [0];
    file.read_at(&mut byte, 0).unwrap();
    assert_eq!(byte, [1]);
    io.set_faults(Faults::change(0, Fault::TornWrite { bytes: 1 }));
    assert!(file.write_at(&[IoSlice::new(&[9, 9])], 0).is_err());
    assert_eq!(read(&io, "/a").unwrap(), [9, 1, 7]);
}

#[test]
fn a_renamed_directory_keeps_its_files_and_is_renamed_whole() {
    let io = MemoryIo::new();
    io.create_dir_all(Path::new("/logs/t-0")).unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    io.sync_dir(Path::new("/logs")).unwrap();
    write(&io, "/logs/t-0/a", b"x").flush().unwrap();
    io.sync_dir(Path::new("/logs/t-0")).unwrap();
    io.rename(Path::new("/logs/t-0"), Path::new("/logs/t-0.gone-delete")).unwrap();
    for seed in 0..8 {
        let after = io.crash(Crash::Torn { seed });
        let names = after.list_dir(Path::new("/logs")).unwrap();
        assert_eq!(names.len(), 1, "{names:?}");
        let path = format!("/logs/{}/a", names[0].name);
        assert_eq!(read(&after, &path).unwrap(), b"x");
    }
}

#[test]
fn replaced_files_are_old_or_new_at_every_power_loss() {
    for last in 0..8 {
        for seed in 0..20 {
            let io = MemoryIo::new();
            replace_file(&io, Path::new("/a"), b"old").unwrap();
            io.set_faults(Faults::power_off_after(last));
            let done = replace_file(&io, Path::new("/a"), b"newer").is_ok();
            let found = read(&io.crash(Crash::Torn { seed }), "/a").unwrap();
            assert!(found == b"newer" || (found == b"old" && !done), "after {last}: {found:?}");
        }
    }
}

#[test]
fn held_flushes_end_when_released() {
    let io = MemoryIo::new();
    let file = write(&io, "/a", b"x");
    io.sync_dir(Path::new("/")).unwrap();
    io.set_faults(Faults { hold_flushes: true, ..Faults::default() });
    let (sender, receiver) = std::sync::mpsc::channel();
    io.flush_later(file, Box::new(move |result| sender.send(result).unwrap()));
    assert!(receiver.try_recv().is_err());
    assert_eq!(read(&io.crash(Crash::Power), "/a").unwrap(), b"");
    assert_eq!(io.release_flushes(), 1);
    receiver.try_recv().unwrap().unwrap();
    assert_eq!(read(&io.crash(Crash::Power), "/a").unwrap(), b"x");
}

#[test]
fn a_random_error_rate_is_repeatable() {
    let run = |seed| {
        let io = MemoryIo::new();
        let file = write(&io, "/a", b"x");
        io.set_faults(Faults { error_rate_ppm: 300_000, seed, ..Faults::default() });
        (0..64).map(|_| file.read_at(&mut [0], 0).is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).contains(&false) && run(1).contains(&true));
}
