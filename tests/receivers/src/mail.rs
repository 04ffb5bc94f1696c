//! A real mail server, aiosmtpd, that says what it takes.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

use serde_json::Value;

use crate::{
    identity::Identity,
    process::{Process, Unavailable, free_port, program},
    rig::DEADLINE,
};

/// How the way to it is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailWay {
    /// Not at all; anybody may send.
    Plain,
    /// It insists on STARTTLS and a log-in.
    StartTls,
    /// TLS from the first byte, and a log-in.
    Wrapped,
}

/// A letter that was taken.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Who had logged in.
    pub user: Option<String>,
    /// It came over TLS.
    pub tls: bool,
    /// Head and body.
    pub data: String,
}

/// See the module.
pub struct MailProcess {
    port: u16,
    lines: Receiver<String>,
    // In this order: it ends when its standard input is closed.
    _input: Option<ChildStdin>,
    _process: Process,
}

impl MailProcess {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start(way: MailWay, identity: &Identity) -> Result<Self, Unavailable> {
        let python = program("python3", "python3-aiosmtpd")?;
        // A Python of another place has not what Debian installed.
        let python =
            Some("/usr/bin/python3".into()).filter(|path: &std::path::PathBuf| path.is_file()).unwrap_or(python);
        let has = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status()?;
        if !has.success() {
            return Err(Unavailable::Missing("aiosmtpd".into(), "python3-aiosmtpd"));
        }
        let port = free_port()?;
        let way = match way {
            MailWay::Plain => "plain",
            MailWay::StartTls => "starttls",
            MailWay::Wrapped => "wrapped",
        };
        let mut command = Command::new(python);
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/smtp.py"))
            .args([way, &port.to_string()])
            .args([identity.certificate(), identity.key()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells of every stranger that does not like its certificate.
            .stderr(Stdio::null());
        let mut process = Process::start(&mut command)?;
        let input = process.0.stdin.take();
        let output = process.0.stdout.take().ok_or_else(|| Unavailable::Silent("aiosmtpd".into()))?;
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        match lines.recv_timeout(DEADLINE).as_deref() {
            Ok("ready") => Ok(Self { port, lines, _input: input, _process: process }),
            _ => Err(Unavailable::Silent("aiosmtpd".into())),
        }
    }

    /// Its port of the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next letter.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn next(&self) -> Letter {
        let line = self.lines.recv_timeout(DEADLINE).expect("a letter");
        let letter: Value = serde_json::from_str(&line).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Letter {
            from: text(&letter["from"]),
            to: letter["to"].as_array().map(|all| all.iter().map(text).collect()).unwrap_or_default(),
            user: letter["user"].as_str().map(str::to_owned),
            tls: letter["tls"].as_bool() == Some(true),
            data: text(&letter["data"]),
        }
    }
}
