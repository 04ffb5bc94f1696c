//! Compiled modules on disk. A compiled module is machine code that runs without further checks,
//! so an entry is used only if this host wrote it: the folder belongs to this user alone, and each
//! entry carries a MAC under a key that never leaves that folder.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::{Engine, component::Component};

/// Length of the key and of each entry's MAC.
const MAC_BYTES: usize = 32;
/// An entry that is a link is not an entry.
const NOFOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
/// Larger entries are not read.
const ENTRY_BYTES: u64 = 256 << 20;

/// Why a folder cannot be used as a cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder or its key cannot be made or read.
    #[error("the compile cache {path} cannot be used: {error}; give another folder or run without one")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Somebody else could have written to it.
    #[error("the compile cache {path} is not used: {why}; mend it with `chmod 700` and `chown`, or remove it")]
    Untrusted {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A folder of compiled modules.
pub struct Cache {
    folder: PathBuf,
    key: [u8; MAC_BYTES],
}

impl Cache {
    /// Opens the folder, or makes it with mode 0700.
    ///
    /// # Errors
    /// When it cannot be made or read, or others than this user could have written to it.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| CacheError::Io { path, error }
        };
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(io(parent))?;
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(folder)(error)),
            _ => {}
        }
        let metadata = fs::symlink_metadata(folder).map_err(io(folder))?;
        let untrusted = |why| Err(CacheError::Untrusted { path: folder.to_owned(), why });
        if !metadata.is_dir() {
            return untrusted("it is not a folder");
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return untrusted("it belongs to another user");
        }
        if metadata.mode() & 0o077 != 0 {
            return untrusted("others may read or write it");
        }
        let key = read_or_make_key(&folder.join("key")).map_err(io(folder))?;
        Ok(Self { folder: folder.to_owned(), key })
    }

    /// The compiled module, if there is a sound entry for it.
    pub(crate) fn get(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(engine, digest);
        let file = OpenOptions::new().read(true).custom_flags(NOFOLLOW).open(&path).ok()?;
        let mut entry = Vec::new();
        file.take(ENTRY_BYTES).read_to_end(&mut entry).ok()?;
        let (mac, code) = entry.split_at_checked(MAC_BYTES)?;
        if self.mac(&path, code).verify_slice(mac).is_err() {
            tracing::warn!(path = %path.display(), "a cache entry was not written by this host, or is damaged; it is not used");
            let _ = fs::remove_file(&path);
            return None;
        }
        // SAFETY: `deserialize` trusts its bytes to come from `serialize`. The MAC says that they do:
        // its key lies in a folder that only this user can read.
        unsafe { Component::deserialize(engine, code) }.ok()
    }

    /// Keeps a compiled module. A cache that cannot be written is only slower.
    pub(crate) fn put(&self, engine: &Engine, digest: &str, component: &Component) {
        let path = self.path(engine, digest);
        if let Err(error) = self.write(&path, component) {
            tracing::warn!(path = %path.display(), %error, "the compiled module was not kept");
        }
    }

    fn write(&self, path: &Path, component: &Component) -> io::Result<()> {
        let code = component.serialize().map_err(|error| io::Error::other(error.to_string()))?;
        let scratch = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&scratch)?;
        file.write_all(&self.mac(path, &code).finalize().into_bytes())?;
        file.write_all(&code)?;
        drop(file);
        fs::rename(&scratch, path)
    }

    /// The MAC covers the name too, so that no entry can stand in for another.
    fn mac(&self, path: &Path, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        mac.update(code);
        mac
    }

    /// Digest, wasmtime's version and configuration make the name.
    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let digest = digest.rsplit(':').next().unwrap_or(digest);
        self.folder.join(format!("{digest}-{:016x}", hasher.finish()))
    }
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; MAC_BYTES]> {
    let mut key = [0; MAC_BYTES];
    match OpenOptions::new().read(true).custom_flags(NOFOLLOW).open(path) {
        Ok(mut file) => file.read_exact(&mut key)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::open("/dev/urandom")?.read_exact(&mut key)?;
            // Two hosts may start at once: the one that links its key first wins.
            let scratch = path.with_extension(format!("{}.tmp", std::process::id()));
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&scratch)?;
            file.write_all(&key)?;
            // A key that a crash left empty would make every later start fail: it is on the disk before
            // it has its name, and so is the name before an entry is signed with it.
            file.sync_all()?;
            let linked = fs::hard_link(&scratch, path);
            fs::remove_file(&scratch)?;
            match linked {
                Ok(()) => File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return read_or_make_key(path),
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_key_whole_and_private() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let folder = parent.path().join("cache");
        let first = Cache::open(&folder).expect("a sound cache");
        let key = folder.join("key");
        assert_eq!(fs::read(&key).expect("the key"), first.key);
        assert_eq!(fs::metadata(&key).expect("the key").mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1, "nothing is left beside it");
        assert_eq!(Cache::open(&folder).expect("a sound cache").key, first.key);
    }
}
