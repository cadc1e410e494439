#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

/// Number, name, uuid and name of the mapper, devices below.
type Device<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>, &'a [&'a str]);

/// A `/sys` with these devices.
fn sys(devices: &[Device<'_>]) -> tempfile::TempDir {
    let sys = tempfile::tempdir().unwrap();
    for (number, name, mapper, slaves) in devices {
        let device = sys.path().join("class/block").join(name);
        fs::create_dir_all(device.join("slaves")).unwrap();
        if let Some((uuid, mapped)) = mapper {
            fs::create_dir_all(device.join("dm")).unwrap();
            fs::write(device.join("dm/uuid"), format!("{uuid}\n")).unwrap();
            fs::write(device.join("dm/name"), format!("{mapped}\n")).unwrap();
        }
        for slave in *slaves {
            link(&sys.path().join("class/block").join(slave), &device.join("slaves").join(slave));
        }
        fs::create_dir_all(sys.path().join("dev/block")).unwrap();
        link(&device, &sys.path().join("dev/block").join(number));
    }
    sys
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[cfg(windows)]
fn link(to: &Path, at: &Path) {
    std::os::windows::fs::symlink_dir(to, at).unwrap();
}

fn found(sys: &tempfile::TempDir, mounts: &str) -> DiskEncryption {
    device_mapper(sys.path(), mounts, Path::new("/home/kari/.local/share/bc-agent"))
}

const ROOT: &str = "25 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n";

#[test]
fn a_plain_partition_is_not_encrypted() {
    assert_eq!(found(&sys(&[("259:2", "nvme0n1p2", None, &[])]), ROOT), DiskEncryption::Off);
}

#[test]
fn dm_crypt_is_seen_also_below_a_logical_volume() {
    let crypt = ("253:0", "dm-0", Some(("CRYPT-LUKS2-0123-luks", "luks")), &["nvme0n1p3"][..]);
    let volume = ("253:1", "dm-1", Some(("LVM-4567", "vg-home")), &["dm-0"][..]);
    let disk = ("259:3", "nvme0n1p3", None, &[][..]);
    let plain = ("259:2", "nvme0n1p2", None, &[][..]);
    let sys = sys(&[crypt, volume, disk, plain]);
    let home = |line: &str| format!("{ROOT}{line}\n");
    assert_eq!(found(&sys, &home("26 25 253:0 / /home rw - ext4 /dev/mapper/luks rw")), DiskEncryption::On);
    assert_eq!(found(&sys, &home("26 25 253:1 / /home rw - ext4 /dev/mapper/vg-home rw")), DiskEncryption::On);
    // A file system without a device number of its own.
    assert_eq!(found(&sys, &home("26 25 0:31 /@home /home rw - btrfs /dev/mapper/luks rw")), DiskEncryption::On);
    assert_eq!(found(&sys, &home("26 25 0:31 /@home /home rw - btrfs /dev/nvme0n1p2 rw")), DiskEncryption::Off);
    // The nearest mount counts, and a name that only begins alike does not.
    assert_eq!(found(&sys, &home("26 25 253:0 / /home/kar rw - ext4 /dev/mapper/luks rw")), DiskEncryption::Off);
}

#[test]
fn a_volume_over_two_disks_is_as_open_as_the_more_open_one() {
    let crypt = ("253:0", "dm-0", Some(("CRYPT-LUKS2-0123-luks", "luks")), &[][..]);
    let plain = ("259:2", "nvme0n1p2", None, &[][..]);
    let volume = ("253:1", "dm-1", Some(("LVM-4567", "vg-home")), &["dm-0", "nvme0n1p2"][..]);
    assert_eq!(found(&sys(&[crypt, plain, volume]), "26 25 253:1 / / rw - ext4 /dev/mapper/vg-home rw\n"), DiskEncryption::Off);
}

#[test]
fn what_the_system_does_not_say_is_not_guessed() {
    let none = sys(&[]);
    for mounts in ["", "nonsense", "25 1 0:52 / / rw - overlay overlay rw\n", "25 1 0:40 / / rw - zfs tank/home rw\n"] {
        assert_eq!(found(&none, mounts), DiskEncryption::NotKnown, "{mounts}");
    }
}

#[test]
fn spaces_in_mount_points_are_read() {
    assert_eq!(unescaped(r"/media/my\040disk\134x"), r"/media/my disk\x");
    assert_eq!(unescaped(r"a\9"), r"a\9");
}
