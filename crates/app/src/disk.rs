//! Whether the disk that a home lies on is encrypted: what was said in conversations is protected by the system's account and
//! disk, and by nothing of ours.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Devices below a device that are looked at; deeper stacks are told as not known.
const DEPTH: usize = 8;

/// What was found out about a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskEncryption {
    /// It is encrypted.
    On,
    /// It is not, as far as the system knows.
    Off,
    /// The system doesn't say.
    NotKnown,
}

/// Looks at the disk of a directory. Blocks for some milliseconds.
pub(crate) fn encryption_of(directory: &Path) -> DiskEncryption {
    if cfg!(target_os = "macos") {
        file_vault()
    } else if cfg!(target_os = "windows") {
        bit_locker(directory)
    } else {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        device_mapper(Path::new("/sys"), &mounts, &directory)
    }
}

/// `fdesetup status` says `FileVault is On.` or `FileVault is Off.`
fn file_vault() -> DiskEncryption {
    let Ok(output) = Command::new("/usr/bin/fdesetup").arg("status").output() else { return DiskEncryption::NotKnown };
    let said = String::from_utf8_lossy(&output.stdout);
    match (said.contains("FileVault is On"), said.contains("FileVault is Off")) {
        (true, _) => DiskEncryption::On,
        (false, true) => DiskEncryption::Off,
        (false, false) => DiskEncryption::NotKnown,
    }
}

/// With that flag `manage-bde` answers by its exit code, in every language: 0 protected, 1 not. Without the right to ask it fails
/// otherwise.
fn bit_locker(directory: &Path) -> DiskEncryption {
    let Some(drive) = directory.to_str().and_then(|path| path.get(..2)).filter(|drive| drive.ends_with(':')) else { return DiskEncryption::NotKnown };
    match Command::new("manage-bde").args(["-status", drive, "-protectionaserrorlevel"]).output().map(|output| output.status.code()) {
        Ok(Some(0)) => DiskEncryption::On,
        Ok(Some(1)) => DiskEncryption::Off,
        Ok(_) | Err(_) => DiskEncryption::NotKnown,
    }
}

/// The device that the directory is mounted from, down through the device mapper: one that dm-crypt made says so in its uuid.
fn device_mapper(sys: &Path, mounts: &str, directory: &Path) -> DiskEncryption {
    let Some(mount) = mounts.lines().filter_map(mount).filter(|mount| directory.starts_with(&mount.point)).max_by_key(|mount| mount.point.as_os_str().len())
    else {
        return DiskEncryption::NotKnown;
    };
    // File systems with volumes of their own (btrfs) have no device number, but name their device.
    let by_number = sys.join("dev/block").join(&mount.device);
    let by_name = Path::new(&mount.source).file_name().filter(|_| mount.source.starts_with("/dev/")).map(|name| sys.join("class/block").join(name));
    let mapped = mapped_name(sys, &mount.source);
    [Some(by_number), mapped, by_name].into_iter().flatten().find(|device| device.exists()).map_or(DiskEncryption::NotKnown, |device| below(&device, DEPTH))
}

/// The block device of `/dev/mapper/NAME`.
fn mapped_name(sys: &Path, source: &str) -> Option<PathBuf> {
    let name = source.strip_prefix("/dev/mapper/")?;
    let mut devices = fs::read_dir(sys.join("class/block")).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    devices.find(|device| fs::read_to_string(device.join("dm/name")).is_ok_and(|found| found.trim_end() == name))
}

fn below(device: &Path, depth: usize) -> DiskEncryption {
    if fs::read_to_string(device.join("dm/uuid")).is_ok_and(|uuid| uuid.starts_with("CRYPT-")) {
        return DiskEncryption::On;
    }
    if depth == 0 {
        return DiskEncryption::NotKnown;
    }
    let slaves: Vec<PathBuf> =
        fs::read_dir(device.join("slaves")).map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect()).unwrap_or_default();
    // A volume over several disks is encrypted where all of them are.
    let found: Vec<DiskEncryption> = slaves.iter().map(|slave| below(slave, depth - 1)).collect();
    match found.as_slice() {
        [] => DiskEncryption::Off,
        all if all.iter().all(|one| *one == DiskEncryption::On) => DiskEncryption::On,
        all if all.contains(&DiskEncryption::NotKnown) => DiskEncryption::NotKnown,
        _ => DiskEncryption::Off,
    }
}

/// One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
struct Mount {
    /// `259:2`
    device: String,
    point: PathBuf,
    /// `/dev/nvme0n1p2`
    source: String,
}

fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ');
    let device = before.nth(2)?.to_owned();
    let point = PathBuf::from(unescaped(before.nth(1)?));
    Some(Mount { device, point, source: unescaped(after.split(' ').nth(1)?) })
}

/// Spaces and their like stand as three octal digits.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, code)) = rest.split_once('\\') {
        plain.push_str(before);
        let value = code.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(value.map_or('\\', char::from));
        rest = if value.is_some() { &code[3..] } else { code };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
