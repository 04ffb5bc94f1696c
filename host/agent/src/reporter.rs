//! Reports to the host how the agent is, every few seconds, and gets its configuration from it.

use std::{sync::Arc, time::Duration};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_api::{AgentOrders, AgentReport, AgentSource};
use lifesigns_model::{WakeSignal, Wakeup};
use lifesigns_sources::{Activity, SourceReport};

use ureq::http::StatusCode;

use crate::{
    client::Client,
    enrolment::{self, EnrolmentNeed, EnrolmentOutcome},
    options::AgentOptions,
    sink::SpoolSink,
    state::KnownConfiguration,
};

/// The pause where the host says none, and the bounds of what it may say, in milliseconds.
const POLL_MS: u64 = 3000;
const SHORTEST_MS: u64 = 500;
const LONGEST_MS: u64 = 300_000;

/// What the threads of an agent share.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    inner: Mutex<ExchangeState>,
    /// What keeps the sender from sending; empty if nothing does.
    pub(crate) sending: Arc<Mutex<String>>,
}

#[derive(Debug, Default)]
struct ExchangeState {
    /// The configuration that is in force.
    effective: KnownConfiguration,
    /// One that is to come into force.
    incoming: Option<KnownConfiguration>,
    files_left_out: u64,
    /// What is wrong with the configuration or with asking for it.
    problem: String,
}

impl Exchange {
    /// Notes what is in force.
    pub(crate) fn set_effective(&self, known: KnownConfiguration) {
        self.lock().effective = known;
    }

    pub(crate) fn set_files_left_out(&self, count: u64) {
        self.lock().files_left_out = count;
    }

    /// Takes the configuration that has come, if one has.
    pub(crate) fn take_incoming(&self) -> Option<KnownConfiguration> {
        self.lock().incoming.take()
    }

    fn lock(&self) -> MutexGuard<'_, ExchangeState> {
        self.inner.lock()
    }
}

/// See the module.
pub(crate) struct Reporter {
    pub(crate) sink: Arc<SpoolSink>,
    pub(crate) client: Arc<Client>,
    pub(crate) options: AgentOptions,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) stop: WakeSignal,
}

impl Reporter {
    /// Reports until it is stopped.
    pub(crate) fn run(&self) {
        let path = self.options.path();
        loop {
            let pause_ms = match self.exchange(&path) {
                Ok(orders) => orders.poll_ms,
                Err(why) => {
                    self.set_problem(why);
                    POLL_MS
                }
            };
            let pause = Duration::from_millis(pause_ms.clamp(SHORTEST_MS, LONGEST_MS));
            if self.stop.wait(pause) == Wakeup::Stopped {
                return;
            }
        }
    }

    fn exchange(&self, path: &str) -> Result<AgentOrders, String> {
        let report = serde_json::to_vec(&self.report()).map_err(|error| error.to_string())?;
        let _ = enrolment::ensure(&self.client, path, &report, EnrolmentNeed::Begins)?;
        let mut answer = self.client.post(path, &[enrolment::JSON], &report)?;
        if answer.status == StatusCode::UNAUTHORIZED
            && enrolment::ensure(&self.client, path, &report, EnrolmentNeed::Refused)? == EnrolmentOutcome::Enrolled
        {
            answer = self.client.post(path, &[enrolment::JSON], &report)?;
        }
        if !answer.status.is_success() {
            return Err(format!("the host answered {} to the agent's report", answer.why()));
        }
        let orders: AgentOrders = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("what answers there is no host of lifesigns: {error}"))?;
        match (&orders.group, &orders.configuration) {
            (Some(group), Some(configuration)) => {
                let known = KnownConfiguration {
                    etag: orders.etag.clone(),
                    group: group.clone(),
                    configuration: configuration.clone(),
                };
                self.exchange.lock().incoming = Some(known);
                self.set_problem(String::new());
            }
            (Some(_), None) => self.set_problem(String::new()),
            (None, _) => self.set_problem(format!("{}; it goes on with what it has", orders.why)),
        }
        Ok(orders)
    }

    fn report(&self) -> AgentReport {
        let mut report = AgentReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.options.host.clone(),
            os: std::env::consts::OS.to_owned(),
            tags: self.options.tags.clone(),
            group: self.options.group.clone(),
            ..AgentReport::default()
        };
        let sources = self.sink.report(&mut report);
        report.sources = sources.into_iter().take(AgentReport::SOURCES).map(source).collect();
        let shared = self.exchange.lock();
        report.etag.clone_from(&shared.effective.etag);
        report.effective.clone_from(&shared.effective.configuration);
        report.files_left_out = shared.files_left_out;
        let sending = self.exchange.sending.lock();
        for problem in [&shared.problem, &*sending] {
            if report.problem.is_empty() {
                report.problem.clone_from(problem);
            }
        }
        report
    }

    fn set_problem(&self, problem: String) {
        let mut shared = self.exchange.lock();
        if shared.problem != problem && !problem.is_empty() {
            tracing::warn!("{problem}");
        }
        shared.problem = problem;
    }
}

fn source(report: SourceReport) -> AgentSource {
    let state = match report.activity {
        Activity::Starting => "starting".to_owned(),
        Activity::Reading => "reading".to_owned(),
        Activity::Ended => "ended".to_owned(),
        Activity::Waiting(why) => format!("waiting: {why}"),
        Activity::Refused(why) => format!("refused: {why}"),
        Activity::Failed(why) => format!("failed: {why}"),
    };
    let (lag_bytes, gaps, unread_bytes) = (report.lag_bytes, report.gaps, report.unread_bytes);
    AgentSource { name: report.name, state, lag_bytes, gaps, unread_bytes }
}
