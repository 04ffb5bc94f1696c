//! Asking: a running host over its socket; where none runs, its store.

use lifesigns_api::{ApiError, Service};
use lifesigns_gateway::{ConnectError, HostClient};
use lifesigns_text::visible;

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

    /// Waits for answers without a limit.
    pub(crate) fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Asks the host, or its store if no host runs; that one refuses what changes something.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&dyn Service) -> Result<T, ApiError>) -> Result<T, Failure> {
        let service = self.service()?;
        ask(&*service).map_err(refused)
    }

    fn service(&self) -> Result<Box<dyn Service>, Failure> {
        let mut client = match HostClient::connect(&self.places.socket) {
            Ok(client) => client,
            Err(ConnectError::NoHost { .. }) => return Ok(Box::new(at_rest::service(&self.places)?)),
            Err(error) => return Err(Failure::failed(error)),
        };
        if self.patient {
            client = client.patient();
        }
        if let Some(name) = &self.name {
            client = client.in_the_name_of(name).map_err(refused)?;
        }
        Ok(Box::new(client))
    }
}

/// Why it was not answered. The text may quote what comes from outside.
fn refused(error: ApiError) -> Failure {
    Failure::Failed(visible(error.detail()))
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
