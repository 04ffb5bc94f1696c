//! File systems on which other machines write, so that the system cannot report all changes.

use std::path::Path;

/// Whether the system reports all changes in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// As far as its file system is known.
    Complete,
    /// Only changes that are made on this machine, or none: NFS, SMB, FUSE and the like.
    Partial,
}

/// The numbers by which Linux names them (`statfs(2)`, `linux/magic.h`): NFS, SMB, SMB2, CIFS, FUSE, 9P, AFS,
/// Ceph, Coda, GPFS, Lustre, and the shared folders of VirtualBox and VMware.
const PARTIAL: [u32; 13] = [
    0x6969,
    0x517b,
    0xfe53_4d42,
    0xff53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x5346_414f,
    0x00c3_6400,
    0x7375_7245,
    0x4750_4653,
    0x0bd0_0bd0,
    0x786f_4256,
    0xbacb_acbc,
];

/// Returns whether the system reports all changes in `folder`; [`Reliability::Complete`] for one that cannot
/// be looked at.
pub fn reliability(folder: &Path) -> Reliability {
    // The kind is signed on some machines and wider on others; the numbers have 32 bits.
    let kind = rustix::fs::statfs(folder).map(|found| found.f_type as u32);
    if kind.is_ok_and(|kind| PARTIAL.contains(&kind)) { Reliability::Partial } else { Reliability::Complete }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_folder_is_reported_completely() {
        let shm = Path::new("/dev/shm");
        if shm.is_dir() {
            assert_eq!(reliability(shm), Reliability::Complete);
        }
        assert_eq!(reliability(Path::new("/nowhere/at/all")), Reliability::Complete);
    }
}
