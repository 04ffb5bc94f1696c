//! Numbered events, each about an object of its own, from several senders at one time, while the host is killed: what was
//! answered is there, and with keys nothing counts twice.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::*;

/// Events of a request.
const BATCH: usize = 20;
/// Requests of each sender.
const BATCHES: usize = 40;
const SENDERS: usize = 4;
/// The host is killed whenever this number of further requests was answered.
const KILL_EVERY: usize = 16;

/// What the senders share.
struct Shared {
    /// Where the host listens now.
    address: Mutex<String>,
    answered: AtomicUsize,
    attempts: AtomicUsize,
}

impl Shared {
    /// Sends one request until it is answered with success.
    fn send(&self, batch: usize) {
        let body: String = (batch * BATCH..(batch + 1) * BATCH)
            .map(|number| format!("{{\"object\":\"n-{number:05}\",\"message\":\"a keyword {number}\"}}\n"))
            .collect();
        let (key, until) = (format!("batch-{batch}"), Instant::now() + DEADLINE);
        loop {
            self.attempts.fetch_add(1, Relaxed);
            let address = self.address.lock().expect("no panic").clone();
            match post(&address, "/api/v1/events", &[("idempotency-key", &key)], body.as_bytes()) {
                Some((200, _)) => break,
                Some((status, answer)) => assert!(matches!(status, 404 | 409 | 429 | 503), "{status} {answer}"),
                // The host was killed, or is not back yet.
                None => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(Instant::now() < until, "{key} is never taken");
        }
        self.answered.fetch_add(1, Relaxed);
    }
}

#[test]
fn nothing_that_was_answered_is_lost_and_nothing_with_a_key_counts_twice() {
    let place = Place::new("keyword", "contains = [\"a keyword\"]\ntitle = \"A word\"");
    let (mut host, mut kills) = (place.run(), 0);
    let shared = Shared {
        address: Mutex::new(host.address.clone()),
        answered: AtomicUsize::default(),
        attempts: AtomicUsize::default(),
    };
    std::thread::scope(|scope| {
        let batches = |sender: usize| sender * BATCHES..(sender + 1) * BATCHES;
        let shared = &shared;
        (0..SENDERS).for_each(|sender| _ = scope.spawn(move || batches(sender).for_each(|batch| shared.send(batch))));
        let until = Instant::now() + 4 * DEADLINE;
        loop {
            let answered = shared.answered.load(Relaxed);
            if answered == SENDERS * BATCHES {
                break;
            }
            assert!(Instant::now() < until, "{answered} were answered");
            if answered >= (kills + 1) * KILL_EVERY {
                kills += 1;
                // At another point of the requests each time.
                std::thread::sleep(Duration::from_micros(300 * kills as u64 * kills as u64));
                host.child.kill().expect("it runs");
                host.child.wait().expect("it has ended");
                host = place.run();
                shared.address.lock().expect("no panic").clone_from(&host.address);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(kills >= 3, "{kills} kills");
    let attempts = shared.attempts.into_inner();
    let expected: BTreeSet<String> = (0..SENDERS * BATCHES * BATCH).map(|number| format!("n-{number:05}")).collect();
    let found: BTreeSet<String> = place.alerted().into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{attempts} attempts, {kills} kills");
    assert_eq!(found, expected);
    // Every line counts once. One more is what the test asks with whether events are taken, which has a key, too.
    let status = place.json(&["status"]);
    let sources = status["sources"].as_array().expect("sources");
    let events = sources.iter().find(|source| source["name"] == "http/events").expect("the source");
    assert_eq!(events["lines"], expected.len() + 1, "{attempts} attempts, {kills} kills");
    eprintln!("{} events in {attempts} attempts, {kills} kills: none lost, none twice", expected.len());
}
