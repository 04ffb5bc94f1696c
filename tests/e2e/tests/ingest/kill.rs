//! Numbered events, each about an object of its own, while the host is killed: what was answered is there, and with
//! keys nothing counts twice.

use std::collections::BTreeSet;

use super::*;

/// Events of a request.
const BATCH: usize = 20;
const BATCHES: usize = 60;

#[test]
fn nothing_that_was_answered_is_lost_and_nothing_with_a_key_counts_twice() {
    let place = Place::new("keyword", "contains = [\"a keyword\"]\ntitle = \"A word\"");
    let (mut host, mut kills, mut attempts) = (place.run(), 0, 0);
    for batch in 0..BATCHES {
        let body: String = (batch * BATCH..(batch + 1) * BATCH)
            .map(|number| format!("{{\"object\":\"n-{number:05}\",\"message\":\"a keyword {number}\"}}\n"))
            .collect();
        let key = format!("batch-{batch}");
        loop {
            attempts += 1;
            let address = host.address.clone();
            let killer = (batch % 6 == 3 && kills * 6 < batch).then(|| {
                kills += 1;
                let mut child = std::mem::replace(&mut host.child, Command::new("true").spawn().expect("a process"));
                // At another point of the request each time.
                let pause = Duration::from_micros(400 * kills as u64 * kills as u64);
                std::thread::spawn(move || {
                    std::thread::sleep(pause);
                    child.kill().expect("it runs");
                    child.wait().expect("it has ended");
                })
            });
            let was_killed = killer.is_some();
            let answer = post(&address, "/api/v1/events", &[("idempotency-key", &key)], body.as_bytes());
            killer.into_iter().for_each(|killer| killer.join().expect("no panic"));
            if was_killed {
                host = place.run();
            }
            match answer {
                Some((200, _)) => break,
                Some((status, answer)) => assert!(matches!(status, 409 | 429 | 503), "{status} {answer}"),
                None => assert!(was_killed, "the connection broke"),
            }
        }
    }
    assert!(kills >= 8, "{kills} kills");
    let expected: BTreeSet<String> = (0..BATCHES * BATCH).map(|number| format!("n-{number:05}")).collect();
    let found: BTreeSet<String> = place.alerted().into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{attempts} attempts, {kills} kills");
    assert_eq!(found, expected);
    // Every line counts once: one line of each start of the host is the test's own.
    let status = place.json(&["status"]);
    let sources = status["sources"].as_array().expect("sources");
    let events = sources.iter().find(|source| source["name"] == "http/events").expect("the source");
    let own = events["lines"].as_u64().expect("a number") - (BATCHES * BATCH) as u64;
    assert!((1..=4 * (kills as u64 + 1)).contains(&own), "{own} lines too many, {kills} kills");
    eprintln!("{} events in {attempts} attempts, {kills} kills: none lost, none twice", BATCHES * BATCH);
}
