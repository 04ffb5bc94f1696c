//! Events of Docker's Engine, over its socket: they go on where they were committed, and events that come again are left
//! out. How many containers run is a metric of the source's object.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use lifesigns_intake::{DockerSettings, FollowFrom, LineChunks};
use lifesigns_model::{NS_PER_S, WakeSignal};
use lifesigns_sources::{Activity, Content, SourceError, SourceFeed, Submission};
use lifesigns_text::write_json_string;
use memchr::memmem;

use crate::{retry, stoppable::Stoppable};

/// Longest head of an answer.
const HEAD_BYTES: u64 = 64 << 10;
/// Longest answer about the daemon.
const INFO_BYTES: u64 = 4 << 20;
/// The daemon takes a request within this time.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// The metric of the object.
const RUNNING: &str = "docker.containers.running";

/// How far events were read: the time of the last one, and how many of this very time were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct EventPosition {
    time_ns: u64,
    count: u64,
}

impl EventPosition {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (time_ns, count) = str::from_utf8(bytes).ok()?.split_once(' ')?;
        Some(Self { time_ns: time_ns.parse().ok()?, count: count.parse().ok()? })
    }

    fn to_bytes(self) -> Vec<u8> {
        format!("{} {}", self.time_ns, self.count).into_bytes()
    }
}

/// Reads events until the source is stopped. A daemon that is not there is waited for.
pub(crate) fn run(settings: &DockerSettings, object: &str, feed: &SourceFeed) -> Result<(), SourceError> {
    let mut reader = EventReader {
        socket: &settings.socket,
        object,
        feed,
        position: feed.position().and_then(EventPosition::from_bytes),
        from_start: settings.from == FollowFrom::Start,
        running: None,
    };
    let mut backoff = retry::backoff();
    while !feed.stop().is_stopped() {
        match reader.read() {
            Ok(Connection::Closed) => {
                backoff.reset();
                feed.set_activity(Activity::Waiting("the daemon has closed the connection".to_owned()));
            }
            Ok(Connection::Stopped) => break,
            Err(error) => feed.set_activity(Activity::Waiting(format!("{}: {error}", settings.socket.display()))),
        }
        feed.stop().wait(backoff.pause());
    }
    Ok(())
}

/// How a connection ended.
enum Connection {
    Closed,
    /// By the stop of the source, or because nothing more is taken.
    Stopped,
}

struct EventReader<'a> {
    socket: &'a Path,
    object: &'a str,
    feed: &'a SourceFeed,
    position: Option<EventPosition>,
    from_start: bool,
    /// The number of running containers that was submitted last.
    running: Option<u64>,
}

impl EventReader<'_> {
    fn read(&mut self) -> io::Result<Connection> {
        let since = match self.position {
            Some(EventPosition { time_ns, .. }) => {
                format!("?since={}.{:09}", time_ns / NS_PER_S, time_ns % NS_PER_S)
            }
            None if self.from_start => "?since=0".to_owned(),
            None => String::new(),
        };
        let mut lines = LineChunks::new(get(self.socket, &format!("/events{since}"), self.feed.stop())?);
        self.feed.set_activity(Activity::Reading);
        // Events that were read come first: those of the very time of the last one are counted.
        let mut again = self.position.map_or(0, |position| position.count);
        self.count_running();
        while let Some(chunk) = lines.next_chunk()? {
            let mut fresh = Vec::with_capacity(chunk.len());
            for line in chunk.split_inclusive(|byte| *byte == b'\n') {
                if self.is_fresh(line, &mut again) {
                    fresh.extend_from_slice(line);
                }
            }
            if self.submit(fresh) == Submission::Closed {
                return Ok(Connection::Stopped);
            }
        }
        Ok(if self.feed.stop().is_stopped() { Connection::Stopped } else { Connection::Closed })
    }

    /// Whether an event was not read before, and notes that it has been.
    fn is_fresh(&mut self, line: &[u8], again: &mut u64) -> bool {
        let Some(time_ns) = number(line, b"\"timeNano\":") else { return !line.trim_ascii().is_empty() };
        match &mut self.position {
            Some(position) if time_ns < position.time_ns => return false,
            Some(position) if time_ns == position.time_ns => {
                if *again > 0 {
                    *again -= 1;
                    return false;
                }
                position.count += 1;
            }
            position => *position = Some(EventPosition { time_ns, count: 1 }),
        }
        *again = 0;
        true
    }

    fn submit(&mut self, events: Vec<u8>) -> Submission {
        if events.is_empty() {
            return Submission::Accepted;
        }
        let changes =
            [&b"\"Action\":\"start\""[..], b"\"Action\":\"die\"", b"\"status\":\"start\"", b"\"status\":\"die\""];
        let may_change = changes.iter().any(|change| memmem::find(&events, change).is_some());
        let submitted = self.feed.submit(Content::Lines(events), self.position.map(EventPosition::to_bytes));
        if may_change && submitted == Submission::Accepted {
            self.count_running();
        }
        submitted
    }

    /// Submits how many containers run, if that has changed.
    fn count_running(&mut self) {
        let Ok(info) = info(self.socket, self.feed.stop()) else { return };
        let Some(running) = number(&info, b"\"ContainersRunning\":").filter(|count| self.running != Some(*count))
        else {
            return;
        };
        self.running = Some(running);
        let mut line = b"{\"object\":".to_vec();
        write_json_string(self.object, &mut line);
        line.extend_from_slice(format!(",\"metrics\":{{\"{RUNNING}\":{running}}}}}\n").as_bytes());
        let _ = self.feed.submit(Content::Lines(line), None);
    }
}

/// Asks the daemon about itself.
fn info(socket: &Path, stop: &WakeSignal) -> io::Result<Vec<u8>> {
    let mut info = Vec::new();
    get(socket, "/info", stop)?.take(INFO_BYTES).read_to_end(&mut info)?;
    Ok(info)
}

/// Sends a request and returns the body of the answer. By HTTP 1.0, in which an answer ends with its connection.
fn get(socket: &Path, path: &str, stop: &WakeSignal) -> io::Result<impl Read + use<>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(WRITE_WAIT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n")?;
    let mut answer = BufReader::new(Stoppable::new(stream, stop.clone()));
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let left = HEAD_BYTES.saturating_sub(head.len() as u64);
        if (&mut answer).take(left).read_until(b'\n', &mut head)? == 0 {
            return Err(io::Error::other("the answer has no end of its head"));
        }
    }
    let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status != b"200" {
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Err(io::Error::other(format!("the daemon answers {}", String::from_utf8_lossy(line))));
    }
    Ok(answer)
}

/// Returns the number behind a key of JSON that the daemon writes, without spaces.
fn number(json: &[u8], key: &[u8]) -> Option<u64> {
    let rest = &json[memmem::find(json, key)? + key.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}
