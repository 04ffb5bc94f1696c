//! Compiled modules on disk. A compiled module is machine code that runs without further checks,
//! so an entry is used only if this host wrote it: the folder belongs to this user alone, and each
//! entry carries a MAC under a key that never leaves that folder.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use lifesigns_files::Replacement;
use sha2::Sha256;
use wasmtime::{Engine, component::Component};

use crate::{
    compiler::{CompileLimits, fingerprint},
    descriptions::Descriptions,
    evict::{self, Bounds},
};

/// Length of the key and of each entry's MAC.
const MAC_BYTES: usize = 32;
/// A link is not an entry, and a pipe is not waited for.
const NOFOLLOW_NONBLOCK: i32 = rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits() as i32;
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
        /// The error of the system.
        error: io::Error,
    },
    /// Another user could have written to it.
    #[error("the compile cache {path} is not used: {why}; fix it with `chmod 700` and `chown`, or remove it")]
    Untrusted {
        /// The folder or file.
        path: PathBuf,
        /// The fault.
        why: &'static str,
    },
}

/// A folder of compiled modules.
pub struct Cache {
    folder: PathBuf,
    key: [u8; MAC_BYTES],
    bounds: Bounds,
}

impl Cache {
    /// Opens the folder, or makes it with mode 0700. It is held to 1 GiB and 10 000 entries: what was
    /// not used for longest goes.
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
        Ok(Self { folder: folder.to_owned(), key, bounds: Bounds::default() })
    }

    /// Holds the folder to these bounds, in bytes and in entries.
    #[must_use]
    pub fn bounded(mut self, most_bytes: u64, most_entries: usize) -> Self {
        self.bounds = Bounds { most_bytes, most_entries };
        self
    }

    /// Returns the compiled module, if there is a valid entry for it.
    pub(crate) fn get(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let code = self.read(&self.path(engine, digest))?;
        // SAFETY: `deserialize` trusts its bytes to come from `serialize`. The MAC says that they do:
        // its key lies in a folder that only this user can read.
        #[expect(unsafe_code, reason = "wasmtime loads machine code only by an unsafe function")]
        let component = unsafe { Component::deserialize(engine, code) };
        component.ok()
    }

    /// Stores a compiled module. A cache that cannot be written only costs time.
    pub(crate) fn put(&self, engine: &Engine, digest: &str, code: &[u8]) {
        self.keep(&self.path(engine, digest), code);
    }

    /// Returns why the module was refused, if it was with these limits.
    pub(crate) fn refusal(&self, engine: &Engine, digest: &str, limits: &CompileLimits) -> Option<String> {
        String::from_utf8(self.read(&self.refusal_path(engine, digest, limits))?).ok()
    }

    /// Remembers that the module was refused with these limits.
    pub(crate) fn refuse(&self, engine: &Engine, digest: &str, limits: &CompileLimits, why: &str) {
        self.keep(&self.refusal_path(engine, digest, limits), why.as_bytes());
    }

    /// Returns what rules of the module said of themselves.
    pub(crate) fn descriptions(&self, engine: &Engine, digest: &str) -> Descriptions {
        let bytes = self.read(&self.descriptions_path(engine, digest));
        bytes.map_or_else(Descriptions::default, |bytes| Descriptions::from_bytes(&bytes))
    }

    /// Stores what rules of the module said of themselves.
    pub(crate) fn keep_descriptions(&self, engine: &Engine, digest: &str, bytes: &[u8]) {
        self.keep(&self.descriptions_path(engine, digest), bytes);
    }

    /// Returns the content of a valid entry. Anything but a regular file is ignored: a pipe may never end.
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let file = OpenOptions::new().read(true).custom_flags(NOFOLLOW_NONBLOCK).open(path).ok()?;
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        let mut entry = Vec::new();
        (&file).take(ENTRY_BYTES).read_to_end(&mut entry).ok()?;
        let sound =
            entry.split_at_checked(MAC_BYTES).is_some_and(|(mac, held)| self.mac(path, held).verify_slice(mac).is_ok());
        if !sound {
            tracing::warn!(path = %path.display(), "cache entry ignored: not written by this host, or damaged");
            let _ = fs::remove_file(path);
            return None;
        }
        evict::used(&file, &metadata);
        Some(entry.split_off(MAC_BYTES))
    }

    fn keep(&self, path: &Path, held: &[u8]) {
        if let Err(error) = self.write(path, held) {
            tracing::warn!(path = %path.display(), %error, "compile cache not written");
        }
        evict::evict(&self.folder, &self.bounds, path);
    }

    fn write(&self, path: &Path, held: &[u8]) -> io::Result<()> {
        // Of one that a crash of the machine left damaged, the MAC is wrong.
        let private = Replacement { mode: 0o600, is_durable: false };
        private.write(path, &[&self.mac(path, held).finalize().into_bytes(), held])
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
        self.folder.join(format!("{}-{:016x}", hex(digest), fingerprint(engine)))
    }

    fn descriptions_path(&self, engine: &Engine, digest: &str) -> PathBuf {
        self.folder.join(format!("{}-{:016x}-descriptions", hex(digest), fingerprint(engine)))
    }

    /// Of a refusal, the limits too.
    fn refusal_path(&self, engine: &Engine, digest: &str, limits: &CompileLimits) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        (fingerprint(engine), limits).hash(&mut hasher);
        self.folder.join(format!("{}-{:016x}-refused", hex(digest), hasher.finish()))
    }
}

fn hex(digest: &str) -> &str {
    digest.rsplit(':').next().unwrap_or(digest)
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; MAC_BYTES]> {
    let mut key = [0; MAC_BYTES];
    match OpenOptions::new().read(true).custom_flags(NOFOLLOW_NONBLOCK).open(path) {
        Ok(mut file) if file.metadata()?.is_file() => file.read_exact(&mut key)?,
        Ok(_) => return Err(io::Error::other("its `key` is not a regular file")),
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
    use std::os::unix::fs::symlink;

    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&parent.path().join("cache")).expect("a sound cache");
        (parent, cache)
    }

    #[test]
    fn a_folder_has_one_key_whole_and_private() {
        let (_parent, first) = cache();
        let key = first.folder.join("key");
        assert_eq!(fs::read(&key).expect("the key"), first.key);
        assert_eq!(fs::metadata(&key).expect("the key").mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&first.folder).expect("the folder").count(), 1, "nothing is left beside it");
        assert_eq!(Cache::open(&first.folder).expect("a sound cache").key, first.key);
    }

    #[test]
    fn what_is_no_regular_file_is_no_entry_and_is_not_waited_for() {
        let (_parent, cache) = cache();
        let path = cache.folder.join("entry");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).expect("a pipe");
        assert_eq!(cache.read(&path), None);
        cache.keep(&path, b"code");
        assert_eq!(cache.read(&path).as_deref(), Some(&b"code"[..]), "an entry takes the pipe's place");
        fs::rename(&path, cache.folder.join("other")).expect("a rename");
        symlink(cache.folder.join("other"), &path).expect("a link");
        assert_eq!(cache.read(&path), None);
        fs::remove_file(&path).expect("the link goes");
        fs::create_dir(&path).expect("a folder");
        assert_eq!(cache.read(&path), None);
        cache.keep(&path, b"code");
        assert!(path.is_dir(), "what is not ours stays");
    }

    #[test]
    fn a_refusal_is_remembered_for_its_digest_and_its_limits() {
        let (_parent, cache) = cache();
        let engine = Engine::new(&crate::compiler::config()).expect("this machine runs it");
        let limits = CompileLimits::default();
        cache.refuse(&engine, "sha256:ab", &limits, "too slow");
        assert_eq!(cache.refusal(&engine, "sha256:ab", &limits).as_deref(), Some("too slow"));
        assert_eq!(cache.refusal(&engine, "sha256:cd", &limits), None);
        let more = CompileLimits { cpu_s: limits.cpu_s + 1, ..limits };
        assert_eq!(cache.refusal(&engine, "sha256:ab", &more), None);
        assert!(cache.get(&engine, "sha256:ab").is_none());
    }
}
