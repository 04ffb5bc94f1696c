//! Asking: a running host over its socket; where none runs, its store.

use lifesigns_api::{ApiError, Service};
use lifesigns_gateway::{ConnectError, HostClient, user_name};
use lifesigns_text::visible;

use super::{args::TargetArgs, at_rest, places::ResolvedPaths, remote};
use crate::exit::Failure;

/// Where answers come from.
pub(crate) struct ServiceTarget {
    places: ResolvedPaths,
    name: Option<String>,
    patient: bool,
    /// How a host in the network is asked, if one is named.
    remote: Option<TargetArgs>,
}

impl ServiceTarget {
    pub(crate) fn new(place: &TargetArgs) -> Result<Self, Failure> {
        if place.server.is_some() {
            let (places, name) = (ResolvedPaths::without(place), place.name.clone());
            return Ok(Self { places, name, patient: false, remote: Some(place.clone()) });
        }
        Ok(Self { places: ResolvedPaths::find(place)?, name: name(place), patient: false, remote: None })
    }

    /// Waits for answers without a limit.
    pub(crate) fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    pub(crate) fn places(&self) -> &ResolvedPaths {
        &self.places
    }

    /// Asks the host, or its store if no host runs; that one refuses what changes something.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&dyn Service) -> Result<T, ApiError>) -> Result<T, Failure> {
        let service = self.service()?;
        ask(&*service).map_err(refused)
    }

    fn service(&self) -> Result<Box<dyn Service>, Failure> {
        let remote = match &self.remote {
            Some(remote) => remote::client(remote)?,
            None => None,
        };
        let connected = match remote {
            Some(client) => Ok(client),
            None => HostClient::connect(&self.places.socket),
        };
        let mut client = match connected {
            Ok(client) => client,
            Err(ConnectError::NoHost { .. }) => return Ok(Box::new(at_rest::service(&self.places, self.who()?)?)),
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

    /// Who acts in a store at rest: the user of this process, or another one in whose name root acts.
    fn who(&self) -> Result<String, Failure> {
        let user = rustix::process::getuid();
        let own = user_name(user.as_raw());
        match &self.name {
            Some(name) if *name != own && user.is_root() => Ok(format!("{name} (by {own})")),
            Some(name) if *name != own => {
                Err(Failure::Failed(format!("only root may act in another name; you are {own}")))
            }
            _ => Ok(own),
        }
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
fn name(place: &TargetArgs) -> Option<String> {
    let by_sudo = || std::env::var("SUDO_USER").ok().filter(|_| rustix::process::getuid().is_root());
    place.name.clone().or_else(by_sudo).filter(|name| !name.is_empty())
}
