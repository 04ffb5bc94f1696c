//! The receivers of a host: created from the configuration, fed from the store's outbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::Sender;
use lifesigns_api::{ApiError, ReceiverStatus};
use lifesigns_model::SharedClock;
use lifesigns_notifications::{
    AnchorSchedule, AuditHead, AuditLog, BundlePause, DeliveryOutcome, DeliveryReport, Dispatcher, EgressPolicy,
    OutboundConfig, PendingNotice, Receiver, ReceiverConfig, ReceiverKind, Retry, WorkerSpec,
};
use lifesigns_record::{ChainMark, OutboxChange, OutboxUpdate, ReceiverPause, RecordReader, StoredNotice};

use crate::{
    config::{ConfigureError, RecorderConfig},
    crash, history,
    request::RecorderRequest,
    shared::{OpenAlertView, RecorderShared},
};

/// How long deliveries under way may take when a host stops.
const GRACE: Duration = Duration::from_secs(5);
/// Dead letters that one request revives at most.
const REVIVED: usize = 10_000;
/// Notices without a receiver that one turn handles at most.
const ORPHANS: usize = 1000;

/// Creates a receiver of the platform's own, which routes name like any other. It is created again
/// whenever the receivers of the configuration change.
pub type MakeReceiver = Arc<dyn Fn() -> Box<dyn Receiver> + Send + Sync>;

/// The running receivers.
pub(crate) struct Receivers {
    shared: Arc<RecorderShared>,
    own: BTreeMap<String, MakeReceiver>,
    requests: Sender<RecorderRequest>,
    running: Option<Dispatcher>,
    /// Receivers of a configuration that is not committed yet.
    proposed: Option<Proposal>,
    /// Receivers that start after the next commit.
    next: Option<Vec<WorkerSpec>>,
    configured: Configured,
}

/// What the receivers that are configured last were created from.
#[derive(Default)]
struct Configured {
    made_of: Option<(Vec<ReceiverConfig>, OutboundConfig)>,
    kinds: BTreeMap<String, &'static str>,
}

/// Receivers that replace the running ones if the turn in hand is committed.
struct Proposal {
    specs: Vec<WorkerSpec>,
    before: Configured,
}

impl Receivers {
    pub(crate) fn new(
        shared: Arc<RecorderShared>,
        own: BTreeMap<String, MakeReceiver>,
        requests: Sender<RecorderRequest>,
    ) -> Self {
        Self { shared, own, requests, running: None, proposed: None, next: None, configured: Configured::default() }
    }

    /// Creates the receivers of a configuration. Returns `None` if the running ones are the same.
    pub(crate) fn prepare(&self, config: &RecorderConfig) -> Result<Option<Vec<WorkerSpec>>, ConfigureError> {
        let same = self
            .configured
            .made_of
            .as_ref()
            .is_some_and(|(all, outbound)| *all == config.receivers && *outbound == config.outbound);
        if same { Ok(None) } else { self.specs(config).map(Some) }
    }

    fn specs(&self, config: &RecorderConfig) -> Result<Vec<WorkerSpec>, ConfigureError> {
        let mut specs = Vec::new();
        let (egress, clock) = (EgressPolicy::new(config.outbound.clone()), &self.shared.clock);
        for receiver_config in &config.receivers {
            let failed = |why: String| ConfigureError::Receiver { name: receiver_config.name.clone(), why };
            let open = Box::new(OpenAlertView(Arc::clone(&self.shared)));
            let receiver = lifesigns_notifications::receiver(receiver_config, &egress, open, clock).map_err(failed)?;
            let mut spec = self.spec(&receiver_config.name, receiver_config.retry, receiver).map_err(failed)?;
            if let Some(every_ms) = receiver_config.anchor_ms {
                let reader = self.shared.record.open().map_err(|error| failed(error.to_string()))?;
                let log = Box::new(StoredAuditLog(reader, Arc::clone(&self.shared.clock)));
                spec.anchoring = Some(AnchorSchedule { every_ms, log });
            }
            specs.push(spec);
        }
        for (name, make) in &self.own {
            let failed = |why: String| ConfigureError::Receiver { name: name.clone(), why };
            specs.push(self.spec(name, Retry::default(), make()).map_err(failed)?);
        }
        Ok(specs)
    }

    fn spec(&self, name: &str, retry: Retry, receiver: Box<dyn Receiver>) -> Result<WorkerSpec, String> {
        let reader = self.shared.record.open().map_err(|error| error.to_string())?;
        let alerts = Box::new(OpenAlertView(Arc::clone(&self.shared)));
        Ok(WorkerSpec {
            name: name.to_owned(),
            retry,
            receiver,
            outbox: Box::new(StoredOutbox(reader)),
            anchoring: None,
            alerts,
        })
    }

    /// Proposes receivers in place of the running ones: notices are made for them from now on.
    pub(crate) fn propose(&mut self, specs: Vec<WorkerSpec>, config: &RecorderConfig) {
        let kinds = config.receivers.iter().map(|receiver| (receiver.name.clone(), kind(&receiver.kind)));
        let kinds = kinds.chain(self.own.keys().map(|name| (name.clone(), "own"))).collect();
        let made_of = Some((config.receivers.clone(), config.outbound.clone()));
        let last = std::mem::replace(&mut self.configured, Configured { made_of, kinds });
        let before = self.proposed.take().map_or(last, |proposal| proposal.before);
        self.proposed = Some(Proposal { specs, before });
    }

    /// Drops the receivers that were proposed; the running ones stay.
    pub(crate) fn withdraw(&mut self) {
        if let Some(proposal) = self.proposed.take() {
            self.configured = proposal.before;
        }
    }

    /// Stops the running receivers if others were proposed. Those [start](Self::begin) once the results of the last
    /// deliveries are on the disk: otherwise they would deliver the same again.
    pub(crate) fn replace(&mut self) {
        if let Some(proposal) = self.proposed.take() {
            self.stop();
            self.next = Some(proposal.specs);
        }
    }

    /// Returns whether receivers wait for the next commit to start.
    pub(crate) const fn is_replacing(&self) -> bool {
        self.next.is_some()
    }

    /// Starts the receivers that were waiting to start.
    pub(crate) fn begin(&mut self) {
        let Some(specs) = self.next.take() else { return };
        let (requests, clock) = (self.requests.clone(), &self.shared.clock);
        let settle = Arc::new(move |settled| {
            crash::point(crash::DELIVERED);
            // A recorder that has ended delivers again after the next start.
            let _ = requests.send(RecorderRequest::Settled(settled));
        });
        match Dispatcher::start(specs, &(settle as _), clock, clock.now_ns()) {
            Ok(running) => self.running = Some(running),
            Err(error) => {
                // The next configuration tries again.
                self.configured.made_of = None;
                tracing::error!("receivers cannot start and get no notices: {error}");
            }
        }
        self.publish_status();
    }

    /// Returns whether a receiver of this name exists.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.configured.kinds.contains_key(name)
    }

    /// Returns the updates that make notices for receivers that do not exist dead letters, in batches.
    pub(crate) fn orphans(&self) -> Result<Vec<OutboxUpdate>, String> {
        let reader = self.shared.record.open().map_err(|error| error.to_string())?;
        let mut orphans = Vec::new();
        for receiver in reader.receivers().map_err(|error| error.to_string())? {
            if receiver.waiting == 0 || self.knows(&receiver.name) || orphans.len() >= ORPHANS {
                continue;
            }
            let why = format!("there is no receiver {:?} any more", receiver.name);
            let rows = reader.pending(&receiver.name, 0, ORPHANS - orphans.len()).map_err(|error| error.to_string())?;
            orphans.extend(
                rows.iter().map(|row| OutboxUpdate { id: row.id, change: OutboxChange::Dead { why: why.clone() } }),
            );
        }
        Ok(orphans)
    }

    /// Tells the receivers to read the outbox; with `again`, dead letters may have been revived.
    pub(crate) fn wake(&self, again: bool) {
        if let Some(running) = &self.running {
            if again {
                running.reread();
            }
            running.wake();
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take()
            && !running.stop(GRACE)
        {
            tracing::warn!("a receiver did not stop in time; what it was delivering will be delivered again");
        }
    }

    /// Returns the bundle whose next message has to wait after a delivery.
    pub(crate) fn pause(settled: &DeliveryReport) -> Option<ReceiverPause> {
        let pause = settled.pause.as_ref()?;
        let (receiver, bundle) = (settled.receiver.clone(), pause.bundle.clone());
        Some(ReceiverPause { receiver, bundle, until_ns: pause.until_ns })
    }

    /// Returns what the store writes of a delivery.
    pub(crate) fn outbox_update(settled: DeliveryReport) -> OutboxUpdate {
        let change = match settled.outcome {
            DeliveryOutcome::Delivered => OutboxChange::Delivered,
            DeliveryOutcome::Failed { next_ns, why, .. } => OutboxChange::Retry { at_ns: next_ns, why },
            DeliveryOutcome::Withheld(_) => OutboxChange::Dropped,
            DeliveryOutcome::Dead { why } => OutboxChange::Dead { why },
        };
        OutboxUpdate { id: settled.id as i64, change }
    }

    /// Returns the updates that send dead letters again: those with these numbers, or all of a receiver.
    pub(crate) fn revive(&self, ids: &[u64], receiver: Option<&str>) -> Result<Vec<OutboxUpdate>, ApiError> {
        let dead = self.dead(ids, receiver)?;
        if let Some((id, name)) = dead.iter().find(|(_, name)| !self.knows(name)) {
            return Err(ApiError::Conflict(format!(
                "{id} is for {name:?}, and there is no such receiver any more: configure it again, or drop what it \
                 has with `lifesigns outbox drop --receiver {name}`"
            )));
        }
        Ok(dead.into_iter().map(|(id, _)| OutboxUpdate { id, change: OutboxChange::Revived }).collect())
    }

    /// Returns the updates that drop dead letters: those with these numbers, or all of a receiver.
    pub(crate) fn drop_dead(&self, ids: &[u64], receiver: Option<&str>) -> Result<Vec<OutboxUpdate>, ApiError> {
        let dead = self.dead(ids, receiver)?;
        Ok(dead.into_iter().map(|(id, _)| OutboxUpdate { id, change: OutboxChange::Dropped }).collect())
    }

    /// Returns dead letters with their receivers, by number.
    fn dead(&self, ids: &[u64], receiver: Option<&str>) -> Result<Vec<(i64, String)>, ApiError> {
        let reader = self.shared.record.open().map_err(history::unreadable)?;
        let wanted_ids: BTreeSet<u64> = ids.iter().copied().collect();
        let mut found: Vec<(i64, String)> = Vec::new();
        let mut after = 0;
        loop {
            let page = reader.dead_letters(after, REVIVED).map_err(history::unreadable)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let wanted = |row: &&StoredNotice| {
                (ids.is_empty() || wanted_ids.contains(&row.id.unsigned_abs()))
                    && receiver.is_none_or(|receiver| receiver == row.notice.receiver)
            };
            let rows = page.iter().filter(wanted).map(|row| (row.id, row.notice.receiver.clone()));
            found.extend(rows.take(REVIVED - found.len()));
            if found.len() == REVIVED {
                break;
            }
        }
        // By id, as they are read.
        let missing = |id: &&u64| found.binary_search_by_key(&id.cast_signed(), |(known, _)| *known).is_err();
        match (ids.iter().find(missing), receiver) {
            (Some(id), _) => {
                Err(ApiError::Unknown(format!("{id} is no dead letter; `lifesigns outbox dead` lists them")))
            }
            // A receiver that no longer exists may have left some; otherwise the name may be misspelt.
            (None, Some(name)) if found.is_empty() => {
                self.sendable(name)?;
                let text = format!("there are no dead letters for {name:?}; `lifesigns outbox dead` lists them");
                Err(ApiError::Unknown(text))
            }
            (None, _) => Ok(found),
        }
    }

    /// Refuses the name of a receiver that does not exist.
    fn sendable(&self, name: &str) -> Result<(), ApiError> {
        if self.knows(name) {
            return Ok(());
        }
        let known: Vec<&str> = self.configured.kinds.keys().map(String::as_str).collect();
        Err(history::no_receiver(name, &known))
    }

    /// Publishes the state of the receivers for `status`.
    pub(crate) fn publish_status(&self) {
        let running = self.running.as_ref().map(Dispatcher::status).unwrap_or_default();
        *self.shared.receivers.lock() = running
            .into_iter()
            .map(|status| {
                let kind = self.configured.kinds.get(&status.receiver).copied().unwrap_or_default();
                receiver_status(status, kind)
            })
            .collect();
    }
}

fn receiver_status(status: lifesigns_notifications::DeliveryStatus, kind: &str) -> ReceiverStatus {
    ReceiverStatus {
        kind: kind.to_owned(),
        name: status.receiver,
        pending: status.waiting as u64,
        dead: status.dead,
        anchored_entry: status.anchored.map(|(number, _)| number),
        anchored_ns: status.anchored.map(|(_, at_ns)| at_ns),
        oldest_ns: status.oldest_ns,
        last_ok_ns: status.last_success_ns,
        down_since_ns: status.down_since_ns,
        last_error: status.last_error.map(|(_, why)| why).unwrap_or_default(),
    }
}

const fn kind(kind: &ReceiverKind) -> &'static str {
    match kind {
        ReceiverKind::Ndjson(_) => "ndjson",
        ReceiverKind::Webhook(_) => "webhook",
        ReceiverKind::Alertmanager(_) => "alertmanager",
        ReceiverKind::Vrops(_) => "vrops",
        ReceiverKind::Email(_) => "email",
    }
}

/// The head of the store's audit log, as it is sent.
struct StoredAuditLog(Box<dyn RecordReader>, SharedClock);

impl AuditLog for StoredAuditLog {
    fn head(&mut self) -> Result<AuditHead, String> {
        let ChainMark { id, hash } = self.0.audit_head().map_err(|error| error.to_string())?;
        Ok(AuditHead { number: id, hash, time_ns: self.1.now_ns() })
    }
}

/// The store's outbox, as delivery workers read it.
struct StoredOutbox(Box<dyn RecordReader>);

impl lifesigns_notifications::Outbox for StoredOutbox {
    fn pending(&mut self, receiver: &str, after: u64, limit: usize) -> Result<Vec<PendingNotice>, String> {
        let rows = self.0.pending(receiver, after as i64, limit).map_err(|error| error.to_string())?;
        Ok(rows.into_iter().map(pending_notice).collect())
    }

    fn pauses(&mut self, receiver: &str) -> Result<Vec<BundlePause>, String> {
        let pauses = self.0.pauses(receiver).map_err(|error| error.to_string())?;
        Ok(pauses.into_iter().map(|one| BundlePause { bundle: one.bundle, until_ns: one.until_ns }).collect())
    }
}

fn pending_notice(row: StoredNotice) -> PendingNotice {
    PendingNotice {
        id: row.id.unsigned_abs(),
        notice: row.notice,
        attempts: row.attempts,
        not_before_ns: row.not_before_ns,
    }
}
