//! Values of the configuration, among them secrets, that are read when they are needed and never printed.

use std::{
    env, fmt,
    fs::{self, File},
    io::Read,
    path::PathBuf,
};

/// The longest secret, in bytes.
const SECRET_BYTES: u64 = 64 * 1024;

/// The place of a value. It is read for each delivery, so that a rotated secret needs no reload.
/// Neither `Debug` nor `Display` prints a value.
#[derive(Clone, PartialEq, Eq)]
pub enum ConfigValue {
    /// The environment variable that holds it.
    Env(String),
    /// The file that holds it; one line end at the end of the file is not part of it.
    File(PathBuf),
    /// The value itself, for values of headers that are not secret.
    Plain(String),
}

impl ConfigValue {
    /// Reads the value.
    ///
    /// # Errors
    /// The value does not exist, cannot be read, is empty, is not UTF-8 or longer than 64 KiB. The message
    /// names the place and never the value.
    pub fn read(&self) -> Result<String, String> {
        let value = match self {
            Self::Env(name) => match env::var(name) {
                Ok(value) => value,
                Err(env::VarError::NotPresent) => return Err(format!("{self} is not set")),
                Err(env::VarError::NotUnicode(_)) => return Err(format!("{self} is not UTF-8")),
            },
            Self::File(_) => self.file()?,
            Self::Plain(value) => return Ok(value.clone()),
        };
        if value.is_empty() { Err(format!("{self} is empty")) } else { Ok(value) }
    }

    fn file(&self) -> Result<String, String> {
        let Self::File(path) = self else { return Err(format!("{self} is no file")) };
        // Opening a pipe would block until it has a writer.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(format!("{self} is no regular file"));
        }
        let file = File::open(path).map_err(|why| format!("{self}: {why}"))?;
        let mut bytes = Vec::new();
        file.take(SECRET_BYTES + 1).read_to_end(&mut bytes).map_err(|why| format!("{self}: {why}"))?;
        if bytes.len() as u64 > SECRET_BYTES {
            return Err(format!("{self} is longer than {SECRET_BYTES} bytes"));
        }
        // The error of `from_utf8` would carry the bytes.
        let mut value = String::from_utf8(bytes).map_err(|_| format!("{self} is not UTF-8"))?;
        if value.ends_with('\n') {
            value.pop();
            if value.ends_with('\r') {
                value.pop();
            }
        }
        Ok(value)
    }
}

impl fmt::Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Plain(_) => f.write_str("a value in the configuration"),
        }
    }
}

impl fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigValue({self})")
    }
}
