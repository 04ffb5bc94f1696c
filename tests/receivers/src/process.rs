//! Programs that a test starts, and that end with it.

use std::{
    env, io,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command},
};

/// Why a program cannot run here. That is not the project's fault: the test is skipped.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// It is missing.
    #[error("there is no {0} here (Debian: apt-get install {1})")]
    Missing(String, &'static str),
    /// It was started, and does not answer.
    #[error("{0} does not answer")]
    Silent(String),
    /// The system is in the way.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Unavailable {
    /// Says that a test is skipped, past the test harness, which keeps what a passing test prints.
    pub fn skip(&self) {
        use io::Write as _;
        let _ = writeln!(io::stderr(), "skipped: {self}");
    }
}

/// A child that is ended when it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a program is.
pub(crate) fn program(name: &str, package: &'static str) -> Result<PathBuf, Unavailable> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/bin", "/usr/sbin"].map(PathBuf::from));
    let mut files = folders.map(|folder| folder.join(name));
    files.find(|file| file.is_file()).ok_or_else(|| Unavailable::Missing(name.into(), package))
}

/// A port of the loopback that was free a moment ago.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
