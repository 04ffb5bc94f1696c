//! Asking: a running host over its socket; where none runs, questions go to its store.

use lifesigns_control::{Client, ConnectError, Reply, Request, Response};

use super::{args::Where, at_rest, places::Places};
use crate::exit::Failure;

/// Where answers come from.
pub(crate) struct Host {
    places: Places,
    name: Option<String>,
    patient: bool,
}

impl Host {
    pub(crate) fn new(place: &Where) -> Result<Self, Failure> {
        Ok(Self { places: Places::find(place)?, name: name(place), patient: false })
    }

    /// Waits as long as it takes.
    pub(crate) fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Returns the reply to `request`: from the host, or from its store if it only reads and no host runs.
    pub(crate) fn ask(&self, request: &Request) -> Result<Reply, Failure> {
        match self.ask_live(request)? {
            Some(reply) => Ok(reply),
            None => match request {
                Request::Query(query) => at_rest::query(&self.places, query),
                Request::Rows(rows) => at_rest::rows(&self.places, rows),
                _ => Err(no_host(&self.places)),
            },
        }
    }

    /// Returns the running host's reply, or `None` if no host runs.
    pub(crate) fn ask_live(&self, request: &Request) -> Result<Option<Reply>, Failure> {
        let mut client = match Client::connect(&self.places.socket) {
            Ok(client) => client,
            Err(ConnectError::NoHost { .. }) => return Ok(None),
            Err(error) => return Err(Failure::failed(error)),
        };
        if self.patient {
            client = client.patient().map_err(Failure::failed)?;
        }
        if let Some(name) = &self.name {
            client = client.in_the_name_of(name);
        }
        match client.ask(request).map_err(Failure::failed)? {
            Response::Ok(reply) => Ok(Some(reply)),
            Response::Refused(why) => Err(Failure::Failed(lifesigns_text::visible(&why))),
        }
    }
}

/// That no host runs, and how to start one.
pub(crate) fn no_host(places: &Places) -> Failure {
    let config = places.config.as_deref().map_or("lifesigns.toml".to_owned(), |path| path.display().to_string());
    Failure::Failed(format!(
        "no host is running at {}, and this needs one: start it with `lifesigns run --config {config}`",
        places.socket.display()
    ))
}

/// Returns the error for a reply to another question.
pub(crate) fn unexpected() -> Failure {
    Failure::Failed("the host answered another question than was asked; is it of another version?".to_owned())
}

/// In whose name: as said, or, for root under sudo, of the user who called it.
fn name(place: &Where) -> Option<String> {
    let by_sudo = || std::env::var("SUDO_USER").ok().filter(|_| rustix::process::getuid().is_root());
    place.name.clone().or_else(by_sudo).filter(|name| !name.is_empty())
}
