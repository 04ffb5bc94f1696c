//! The outbox: commits add notices and apply the results of deliveries.

use std::collections::{BTreeMap, BTreeSet};

use lifesigns_compliance::Notice;

use crate::{
    commit::{OutboxChange, OutboxUpdate, ReceiverPause},
    outbox::{ReceiverState, StoredNotice},
};

#[derive(Debug)]
struct Row {
    notice: StoredNotice,
    is_dead: bool,
}

impl Row {
    fn receiver(&self) -> &str {
        &self.notice.notice.receiver
    }
}

#[derive(Debug, Default)]
pub(super) struct OutboxTables {
    last_id: i64,
    rows: BTreeMap<i64, Row>,
    /// Receiver and key of every row.
    keys: BTreeSet<(String, String)>,
    /// Counters of receivers; the numbers of rows are not in them.
    receivers: BTreeMap<String, ReceiverState>,
    /// By receiver and bundle, until when.
    pauses: BTreeMap<(String, BTreeMap<String, String>), u64>,
}

impl OutboxTables {
    /// Adds a notice. One that is there already, by receiver and key, stays as it is.
    pub(super) fn add(&mut self, notice: &Notice, now_ns: u64) {
        // A number is used up even if the notice is there, as in a file, so that both number alike.
        self.last_id += 1;
        if !self.keys.insert((notice.receiver.clone(), notice.key.clone())) {
            return;
        }
        let notice = StoredNotice {
            id: self.last_id,
            notice: notice.clone(),
            attempts: 0,
            not_before_ns: 0,
            written_ns: now_ns,
            error: None,
        };
        self.rows.insert(self.last_id, Row { notice, is_dead: false });
    }

    pub(super) fn update(&mut self, update: &OutboxUpdate, now_ns: u64) {
        match &update.change {
            OutboxChange::Delivered => {
                let Some(row) = self.remove(update.id) else { return };
                let state = self.receiver(row.receiver());
                state.delivered += 1;
                state.delivered_ns = Some(now_ns);
            }
            OutboxChange::Dropped => drop(self.remove(update.id)),
            OutboxChange::Retry { at_ns, why } => self.fail(update.id, false, *at_ns, why, now_ns),
            OutboxChange::Dead { why } => self.fail(update.id, true, 0, why, now_ns),
            OutboxChange::Revived => {
                let Some(row) = self.rows.get_mut(&update.id) else { return };
                row.is_dead = false;
                (row.notice.attempts, row.notice.not_before_ns) = (0, 0);
            }
        }
    }

    /// Sets which bundles have to wait, and removes those that no longer have to.
    pub(super) fn pause(&mut self, pauses: &[ReceiverPause], now_ns: u64) {
        if pauses.is_empty() {
            return;
        }
        self.pauses.retain(|_, until_ns| *until_ns > now_ns);
        for pause in pauses {
            self.pauses.insert((pause.receiver.clone(), pause.bundle.clone()), pause.until_ns);
        }
    }

    fn remove(&mut self, id: i64) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        self.keys.remove(&(row.receiver().to_owned(), row.notice.notice.key.clone()));
        Some(row)
    }

    fn receiver(&mut self, name: &str) -> &mut ReceiverState {
        let state = self.receivers.entry(name.to_owned()).or_default();
        name.clone_into(&mut state.name);
        state
    }

    /// Notes a failed attempt.
    fn fail(&mut self, id: i64, is_dead: bool, at_ns: u64, why: &str, now_ns: u64) {
        let Some(row) = self.rows.get_mut(&id) else { return };
        row.is_dead = is_dead;
        row.notice.attempts += 1;
        row.notice.not_before_ns = at_ns;
        row.notice.written_ns = now_ns;
        row.notice.error = Some(why.to_owned());
        let name = row.receiver().to_owned();
        let state = self.receiver(&name);
        state.failed += 1;
        state.failed_ns = Some(now_ns);
        state.error = Some(why.to_owned());
    }

    pub(super) fn pending(&self, receiver: &str, after_id: i64, limit: usize) -> Vec<StoredNotice> {
        let rows = self.rows.range(after_id.saturating_add(1)..).map(|(_, row)| row);
        let rows = rows.filter(|row| !row.is_dead && row.receiver() == receiver);
        rows.take(limit).map(|row| row.notice.clone()).collect()
    }

    pub(super) fn dead_letters(&self, after_id: i64, limit: usize) -> Vec<StoredNotice> {
        let rows = self.rows.range(after_id.saturating_add(1)..).map(|(_, row)| row);
        rows.filter(|row| row.is_dead).take(limit).map(|row| row.notice.clone()).collect()
    }

    pub(super) fn pauses(&self, receiver: &str) -> Vec<ReceiverPause> {
        let pauses = self.pauses.iter().filter(|((name, _), _)| name == receiver);
        pauses.map(receiver_pause).collect()
    }

    /// Returns the counters of all receivers, by name.
    pub(super) fn receivers(&self) -> Vec<ReceiverState> {
        let mut states = self.receivers.clone();
        for row in self.rows.values() {
            let state = states.entry(row.receiver().to_owned()).or_default();
            row.receiver().clone_into(&mut state.name);
            if row.is_dead {
                state.dead += 1;
                continue;
            }
            state.waiting += 1;
            let written_ns = row.notice.written_ns;
            state.oldest_ns = Some(state.oldest_ns.map_or(written_ns, |oldest_ns| oldest_ns.min(written_ns)));
        }
        states.into_values().collect()
    }

    /// Removes dead letters that were written before a time, at most `limit`.
    pub(super) fn remove_dead(&mut self, before_ns: u64, limit: usize) -> usize {
        let old = self.rows.values().filter(|row| row.is_dead && row.notice.written_ns < before_ns);
        let old: Vec<i64> = old.take(limit).map(|row| row.notice.id).collect();
        for id in &old {
            self.remove(*id);
        }
        old.len()
    }
}

fn receiver_pause(((receiver, bundle), until_ns): (&(String, BTreeMap<String, String>), &u64)) -> ReceiverPause {
    ReceiverPause { receiver: receiver.clone(), bundle: bundle.clone(), until_ns: *until_ns }
}
