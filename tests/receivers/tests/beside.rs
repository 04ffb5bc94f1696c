//! A receiver that hangs beside one that does not.
#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use lifesigns_compliance::NoticeKind;
use lifesigns_model::SystemClock;
use lifesigns_notifications::{
    DeliveryOutcome, DeliveryReport, Dispatcher, MemoryOutbox, ReceiverKind, WorkerSpec,
    config::{Ndjson, Webhook},
    receiver,
};
use lifesigns_receivers_test::{Answer, DEADLINE, Site, config, local, notice};

fn webhook(url: &str) -> ReceiverKind {
    ReceiverKind::Webhook(Webhook { timeout_ms: 3000, ..lifesigns_receivers_test::webhook(url) })
}

fn delivered(settled: &Receiver<DeliveryReport>, name: &str, many: usize) {
    for _ in 0..many {
        let one = settled.recv_timeout(DEADLINE).unwrap();
        assert_eq!((one.receiver.as_str(), &one.outcome), (name, &DeliveryOutcome::Delivered));
    }
}

#[test]
fn nobody_waits_for_one_that_hangs() {
    const MANY: usize = 200;
    let hanging = Site::start(|_, _| Answer::Hang);
    let quick = Site::start(|_, _| Answer::status(200));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.jsonl");
    let outbox = MemoryOutbox::default();
    let kinds = [
        ("hanging", webhook(&hanging.url("/"))),
        ("quick", webhook(&quick.url("/"))),
        ("file", ReceiverKind::Ndjson(Ndjson { file: Some(file.clone()), ..Ndjson::default() })),
    ];
    let (mut heard, clock) = (Vec::new(), SystemClock::shared());
    let (senders, posts): (Vec<_>, Vec<_>) = kinds
        .into_iter()
        .map(|(name, kind)| {
            let config = config(kind);
            let (send, settled) = channel::<DeliveryReport>();
            heard.push(settled);
            let receiver = receiver(&config, &local(), Box::new(()), &clock).unwrap();
            let (retry, outbox) = (config.retry, Box::new(outbox.clone()));
            let post = WorkerSpec { name: name.into(), retry, receiver, outbox, anchoring: None, alerts: Box::new(()) };
            ((name, send), post)
        })
        .unzip();
    let settle = Arc::new(move |settled: DeliveryReport| {
        let (_, send) = senders.iter().find(|(name, _)| *name == settled.receiver).unwrap();
        let _ = send.send(settled);
    });
    let dispatcher = Dispatcher::start(posts, &(settle as _), &clock, 1).unwrap();
    for number in 0..MANY {
        for name in ["hanging", "quick", "file"] {
            let mut notice = notice(&number.to_string(), NoticeKind::Opened);
            notice.receiver = name.into();
            outbox.add(notice);
        }
    }
    let begun = Instant::now();
    dispatcher.wake();
    hanging.next();
    delivered(&heard[1], "quick", MANY);
    delivered(&heard[2], "file", MANY);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), MANY);
    // While it is down, it is not asked for more than one thing at a time, for as long as it may take.
    let most = 2 + begun.elapsed().as_secs() as usize / 3;
    assert!(hanging.connections() <= most, "{}", hanging.connections());
    let since = Instant::now();
    let _ = dispatcher.stop(Duration::from_millis(200));
    assert!(since.elapsed() < Duration::from_secs(2), "stop is prompt");
}
