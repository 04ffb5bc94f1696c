//! Requests to the daemon, by HTTP 1.0, in which an answer ends with its connection.

use std::{io, path::Path, time::Duration};

use lifesigns_intake::{InvalidJson, JsonReader};
use memchr::memmem;
use tokio::{net::UnixStream, time::timeout};

use super::log_position::{ContainerId, container_id};
use super::records::Container;

/// The daemon begins its answer within this time.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Longest head of an answer.
const HEAD_BYTES: usize = 64 << 10;
/// Longest answer that is read whole.
const ANSWER_BYTES: usize = 16 << 20;
/// Read at once.
const READ_BYTES: usize = 64 << 10;
/// Longest name of a container or an image that is kept.
const NAME_BYTES: usize = 1024;

/// Why the daemon does not answer as it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum DaemonError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the daemon answers {status}: {detail}")]
    Status { status: u16, detail: String },
    #[error("the daemon's answer is not understood")]
    Answer,
}

/// An answer of which the head was read.
pub(super) struct DaemonAnswer {
    stream: UnixStream,
    /// What came with the head.
    first: Vec<u8>,
}

impl DaemonAnswer {
    /// Appends what has arrived of the body. Returns whether there was anything: at the end there is nothing.
    pub(super) async fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        if !self.first.is_empty() {
            bytes.append(&mut self.first);
            return Ok(true);
        }
        read_some(&self.stream, bytes).await
    }

    /// Returns the whole body.
    pub(super) async fn whole(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while self.read(&mut bytes).await? {
            if bytes.len() > ANSWER_BYTES {
                return Err(io::Error::other("the daemon's answer is too long"));
            }
        }
        Ok(bytes)
    }
}

/// Sends a request and returns the answer, behind its head.
pub(super) async fn get(socket: &Path, path: &str) -> Result<DaemonAnswer, DaemonError> {
    match timeout(ANSWER_WAIT, begin(socket, path)).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

async fn begin(socket: &Path, path: &str) -> Result<DaemonAnswer, DaemonError> {
    let stream = UnixStream::connect(socket).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n");
    let mut left = request.as_bytes();
    while !left.is_empty() {
        stream.writable().await?;
        match stream.try_write(left) {
            Ok(count) => left = &left[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = memmem::find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > HEAD_BYTES || !read_some(&stream, &mut bytes).await? {
            return Err(DaemonError::Answer);
        }
    };
    let first = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(DaemonError::Answer)?;
    let answer = DaemonAnswer { stream, first };
    if status == 200 {
        return Ok(answer);
    }
    let body = answer.whole().await.unwrap_or_default();
    Err(DaemonError::Status { status, detail: detail(&String::from_utf8_lossy(&body)) })
}

async fn read_some(stream: &UnixStream, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let before = bytes.len();
    loop {
        stream.readable().await?;
        bytes.resize(before + READ_BYTES, 0);
        let read = stream.try_read(&mut bytes[before..]);
        bytes.truncate(before + read.as_ref().map_or(0, |count| *count));
        match read {
            Ok(count) => return Ok(count > 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns the message of an error.
fn detail(body: &str) -> String {
    let mut message = None;
    // What is no JSON is shown as it is.
    let _ = JsonReader::new(body).members(|key, json| {
        let value = text(json)?;
        if key == "message" && value.is_some() {
            message = value;
        }
        Ok::<(), InvalidJson>(())
    });
    lifesigns_text::visible_short(&message.unwrap_or_else(|| body.to_owned()), 300)
}

/// Returns the ids of all containers, running or not.
pub(super) async fn containers(socket: &Path) -> Result<Vec<(ContainerId, String)>, DaemonError> {
    let body = get(socket, "/containers/json?all=1").await?.whole().await?;
    listed(&String::from_utf8_lossy(&body)).ok_or(DaemonError::Answer)
}

/// Returns what the daemon says of a container.
pub(super) async fn container(socket: &Path, id: &str) -> Result<Container, DaemonError> {
    let body = get(socket, &format!("/containers/{id}/json")).await?.whole().await?;
    inspected(id, &String::from_utf8_lossy(&body)).ok_or(DaemonError::Answer)
}

/// An event of a container.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ContainerEvent {
    pub(super) key: ContainerId,
    pub(super) id: String,
    pub(super) is_destroyed: bool,
}

/// Returns what an event says: `None` for one that says nothing of a container.
pub(super) fn event(line: &str) -> Option<ContainerEvent> {
    let (mut action, mut id) = (None, None);
    let read = JsonReader::new(line).members(|key, json| {
        match key {
            "Action" => action = text(json)?,
            "Actor" => id = text_member("ID", json)?,
            _ => _ = json.raw()?,
        }
        Ok::<(), InvalidJson>(())
    });
    read.ok()?;
    let id = id?;
    Some(ContainerEvent { key: container_id(&id)?, id, is_destroyed: action? == "destroy" })
}

/// Returns the containers of a list; `None` if it is none, or one of them has no id.
fn listed(body: &str) -> Option<Vec<(ContainerId, String)>> {
    let mut ids = Vec::new();
    let read = JsonReader::new(body).elements(|json| {
        ids.push(text_member("Id", json)?);
        Ok::<(), InvalidJson>(())
    });
    read.ok()?;
    let mut found = Vec::new();
    for id in ids {
        let id = id?;
        found.push((container_id(&id)?, id));
    }
    Some(found)
}

fn inspected(id: &str, body: &str) -> Option<Container> {
    let (mut name, mut image, mut is_terminal) = (String::new(), String::new(), false);
    let read = JsonReader::new(body).members(|key, json| {
        match key {
            "Name" => name = text(json)?.unwrap_or_default(),
            "Config" => json.members(|key, json| {
                match key {
                    "Image" => image = text(json)?.unwrap_or_default(),
                    "Tty" => is_terminal = json.raw()? == "true",
                    _ => _ = json.raw()?,
                }
                Ok::<(), InvalidJson>(())
            })?,
            _ => _ = json.raw()?,
        }
        Ok::<(), InvalidJson>(())
    });
    read.ok()?;
    let bounded = |text: &str| text[..text.floor_char_boundary(NAME_BYTES)].to_owned();
    let (name, image) = (bounded(name.trim_start_matches('/')), bounded(&image));
    Some(Container { key: container_id(id)?, id: id.to_owned(), name, image, is_terminal })
}

/// Steps over an object, and returns the text that is its member of this name.
fn text_member(name: &str, json: &mut JsonReader<'_>) -> Result<Option<String>, InvalidJson> {
    let mut found = None;
    json.members(|key, json| {
        let value = text(json)?;
        if key == name {
            found = value;
        }
        Ok::<(), InvalidJson>(())
    })?;
    Ok(found)
}

/// Steps over a value, and returns it if it is a text.
fn text(json: &mut JsonReader<'_>) -> Result<Option<String>, InvalidJson> {
    if json.peek() == b'"' {
        return Ok(Some(json.string()?.into_owned()));
    }
    json.raw()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f";

    #[test]
    fn answers_are_read_for_what_is_needed() {
        let list = format!(r#"[{{"Id":"{ID}","Names":["/web"],"Labels":{{"Id":"x"}}}},{{"Id":"{ID}"}}]"#);
        assert_eq!(listed(&list).map(|found| found.len()), Some(2));
        assert_eq!((listed(" [] "), listed("null")), (Some(Vec::new()), Some(Vec::new())));
        let body =
            r#"{"Id":"x","Name":"/web","State":{"Tty":true},"Config":{"Env":["Tty=1"],"Tty":true,"Image":"a:1"}}"#;
        let found = inspected(ID, body).expect("it is one");
        assert_eq!((&*found.name, &*found.image, found.is_terminal), ("web", "a:1", true));
        let line =
            format!(r#"{{"status":"die","id":"x","Action":"die","Actor":{{"Attributes":{{"ID":"y"}},"ID":"{ID}"}}}}"#);
        let found = event(&line).expect("it is one");
        assert_eq!((&*found.id, found.is_destroyed), (ID, false));
        assert_eq!(detail(r#"{"message":"no such container"}"#), "no such container");
    }

    #[test]
    fn whatever_else_comes_is_nothing() {
        for wrong in ["", "[", "{}", "[{}]", r#"[{"Id":7}]"#, r#"[{"Id":"5f"}]"#, &"[".repeat(10_000)] {
            assert_eq!(listed(wrong), None, "{wrong:.20}");
            assert_eq!(event(wrong), None, "{wrong:.20}");
        }
        assert!(inspected(ID, "[]").is_none() && inspected("../x", "{}").is_none());
    }
}
