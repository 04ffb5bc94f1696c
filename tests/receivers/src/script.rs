//! A scripted mail server: it answers commands without handling mail.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use crate::rig::DEADLINE;

/// What it heard: a command, or all of a letter's lines.
pub type Line = String;

/// See the module. Its threads end with the test's process.
pub struct Script {
    address: SocketAddr,
    heard: Receiver<Line>,
}

type Answer = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Script {
    /// On a free port. Commands to which `answer` says nothing are taken.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (send, heard) = channel();
        let answer: Answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (send, answer) = (send.clone(), Arc::clone(&answer));
                thread::spawn(move || {
                    // The other side goes when it likes.
                    let _ = talk(stream, &send, &answer);
                });
            }
        });
        Self { address, heard }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Waits until it hears a line that begins so; returns all that it heard up to it.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn hears(&self, start: &str) -> Vec<Line> {
        let mut all = Vec::new();
        loop {
            let line = self.heard.recv_timeout(DEADLINE).expect("a line");
            all.push(line);
            if all.last().is_some_and(|line| line.starts_with(start)) {
                return all;
            }
        }
    }
}

fn talk(stream: TcpStream, send: &Sender<Line>, answer: &Answer) -> io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(answer("").unwrap_or_else(|| "220 ready\r\n".into()).as_bytes())?;
    while let Some(line) = lines.next() {
        let line = line?;
        let _ = send.send(line.clone());
        let said = answer(&line);
        let data = line == "DATA" && said.is_none();
        let usual = if data { "354 go on\r\n" } else { "250 taken\r\n" };
        out.write_all(said.as_deref().unwrap_or(usual).as_bytes())?;
        if data {
            while lines.next().transpose()?.is_some_and(|line| line != ".") {}
            let _ = send.send("a letter".into());
            out.write_all(answer("a letter").unwrap_or_else(|| "250 taken\r\n".into()).as_bytes())?;
        }
    }
    Ok(())
}
