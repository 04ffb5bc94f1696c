//! A real Docker daemon for one test: in a folder of its own, on a socket of its own, without a
//! network; gone with all it did when it is dropped.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// How long the daemon may take to answer, and to end.
const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(20);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// What the image is made of.
const BUSYBOX: &str = "/bin/busybox";

/// Why there is no daemon here. That is not the project's fault: the test is skipped.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// A program is missing.
    #[error("there is no {0} here (Debian: apt-get install docker.io busybox-static)")]
    Missing(String),
    /// Only root may start one.
    #[error("a Docker daemon needs root")]
    NotRoot,
    /// It was started and ended by itself.
    #[error("dockerd ended by itself ({status}); its last words:\n{words}")]
    Ended {
        /// How it ended.
        status: String,
        /// The end of its log.
        words: String,
    },
    /// It runs and does not answer.
    #[error("dockerd does not answer within {START:?}; its last words:\n{0}")]
    Silent(String),
    /// The system is in the way.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A running daemon.
pub struct Daemon {
    docker: PathBuf,
    process: Child,
    folder: TempDir,
}

impl Daemon {
    /// Starts one at debug level and waits until it answers.
    ///
    /// # Errors
    /// When it cannot run here.
    pub fn start() -> Result<Self, Unavailable> {
        if !geteuid().is_root() {
            return Err(Unavailable::NotRoot);
        }
        let (dockerd, docker) = (program("dockerd")?, program("docker")?);
        program("containerd")?;
        if !Path::new(BUSYBOX).is_file() {
            return Err(Unavailable::Missing(BUSYBOX.into()));
        }
        let folder = tempfile::Builder::new().prefix("lifesigns-").tempdir()?;
        let at = |name: &str| folder.path().join(name);
        // Else it would read the machine's own.
        fs::write(at("daemon.json"), "{}")?;
        let mut command = Command::new(dockerd);
        command
            .args(["--debug", "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"])
            .args(["--config-file".as_ref(), at("daemon.json").as_os_str()])
            .args(["-H", &format!("unix://{}", at("docker.sock").display())])
            .args(["--data-root".as_ref(), at("data").as_os_str()])
            .args(["--exec-root".as_ref(), at("exec").as_os_str()])
            .args(["--pidfile".as_ref(), at("docker.pid").as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(at("dockerd.log"))?);
        let mut daemon = Self { docker, process: command.spawn()?, folder };
        daemon.wait()?;
        Ok(daemon)
    }

    /// Returns the file that it logs to.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("dockerd.log")
    }

    /// Returns the socket that it answers at.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Makes an image of busybox alone.
    ///
    /// # Errors
    /// What `tar` or `docker` said.
    pub fn import_busybox(&self, image: &str) -> io::Result<()> {
        let root = self.folder.path().join("image");
        fs::create_dir_all(root.join("bin"))?;
        fs::copy(BUSYBOX, root.join("bin/busybox"))?;
        let archive = self.folder.path().join("image.tar");
        say(Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg("bin"))?;
        self.docker(&["import", &archive.to_string_lossy(), image]).map(drop)
    }

    /// Runs `docker` against this daemon and returns what it printed.
    ///
    /// # Errors
    /// What it said when it failed.
    pub fn docker(&self, arguments: &[&str]) -> io::Result<String> {
        let host = format!("unix://{}", self.socket().display());
        let mut docker = Command::new(&self.docker);
        // The user's own configuration may name plugins, contexts and credentials.
        say(docker.env("DOCKER_CONFIG", self.folder.path()).args(["-H", &host]).args(arguments))
    }

    /// Returns the end of its log.
    pub fn last_words(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    fn wait(&mut self) -> Result<(), Unavailable> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait()? {
                return Err(Unavailable::Ended { status: status.to_string(), words: self.last_words() });
            }
            if self.docker(&["version"]).is_ok() {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        Err(Unavailable::Silent(self.last_words()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let deadline = Instant::now() + END;
        // Asked, it ends its containers and its containerd as well.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.process.kill();
                let _ = self.process.wait();
                break;
            }
            thread::sleep(LOOK);
        }
        unmount(self.folder.path());
    }
}

/// Unmounts what is left below `folder`, innermost first: it could not be removed otherwise.
fn unmount(folder: &Path) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut points: Vec<&str> = points.filter(|point| Path::new(point).starts_with(folder)).collect();
    points.sort_unstable_by_key(|point| std::cmp::Reverse(point.len()));
    for point in points {
        let _ = Command::new("umount").args(["-l", point]).status();
    }
}

/// Where a program is. A daemon's folder is not on everybody's path.
fn program(name: &str) -> Result<PathBuf, Unavailable> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
    let mut files = folders.map(|folder| folder.join(name));
    files.find(|file| file.is_file()).ok_or_else(|| Unavailable::Missing(name.into()))
}

/// Runs a command; its error is what it said.
fn say(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{}: {said}", command.get_program().display())))
}
