//! Docker's Engine over its socket: its events, and what containers write.

mod api;
mod events;
mod frames;
mod log_position;
mod logs;
mod records;

pub(crate) use frames::OutputFrames;
use lifesigns_intake::{DockerRead, DockerSettings, SourceSettings};
use lifesigns_sources::{SourceError, SourceFeed};

/// Reads until the source is stopped.
pub(crate) fn run(docker: &DockerSettings, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
    match docker.read {
        DockerRead::Events => events::run(docker, &settings.object, feed),
        DockerRead::Logs => logs::run(docker, settings, feed),
    }
}

/// Returns the id of the container that an event is about.
pub(crate) fn container_of(event: &str) -> Option<String> {
    api::event(event).map(|event| event.id)
}
