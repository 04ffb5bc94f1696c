//! What Docker leaves in logs: the daemon's request lines of all versions, containerd's traces of
//! started and ended containers, Docker Engine events, and the bridge `docker0`. A plain library
//! that the docker rules share; it is not a rule.
//!
//! ```text
//! Docker 1.0–1.9   level=info  msg="POST /v1.21/containers/create?name=web"
//! Docker 1.10–27   level=debug msg="Calling POST /v1.41/containers/create?name=web"
//! Docker 28+       level=debug msg="handling POST request" request-url="/v1.48/containers/create?name=web" …
//! default level    level=info  msg="shim containerd-shim started" address=/containerd-shim/moby/<id>/shim.sock (containerd 1.0–1.2)
//!                  level=info  msg="starting signal loop" namespace=moby path=…/moby/<id>         (containerd 1.3–1.6)
//!                  level=info  msg="connecting to shim <id>" namespace=moby                      (containerd 2)
//! Engine events    {"Type":"container","Action":"create","Actor":{"ID":"…","Attributes":{"image":"…","name":"…"}},…}
//!     up to 1.9    {"status":"create","id":"…","from":"busybox","time":…}
//! ```
//!
//! What surrounds these lines (syslog, JSON logs, a terminal's form) is undone by the host's decoders.

mod activity;
mod bridge;
mod call;
mod docker_action;
mod engine;
mod image;
mod interests;
mod mention;
mod news;
mod read;
mod trace;
mod uri;

pub use activity::{Activity, Trace, Verb};

pub use docker_action::DockerAction;
pub use interests::{FIELDS, images, interests, starts_and_ends};
pub use mention::{Mention, mention};
pub use news::is_news;

#[cfg(test)]
mod tests;
