//! Uploads of the journal of systemd: of any length, again after a break, and while there is no room.

use super::*;

fn entry(number: u64) -> String {
    format!(
        "__CURSOR=s=0f;i={number:x};b=1\n_HOSTNAME=web-7\nMESSAGE=entry {number} of a long upload, with some text\n\n"
    )
}

impl Rig {
    fn upload(&mut self, body: impl Into<Body>) -> (u16, String) {
        self.post("/upload", &[("content-type", "application/vnd.fdo.journal")], body)
    }
}

/// Counts the events that came since the last call.
fn count(rig: &Rig) -> usize {
    rig.events().lines().count()
}

#[test]
fn an_upload_may_be_longer_than_a_body_may_be() {
    let mut rig = Rig::new(&IngestLimits { body_bytes: 1 << 20, decoded_bytes: 1 << 20, ..IngestLimits::default() });
    let body: String = (1..=60_000).map(entry).collect();
    assert!(body.len() > 5 << 20);
    assert_eq!(rig.upload(body), (202, "OK.".to_owned()));
    assert!(rig.sink.chunks.lock().unwrap().len() > 4);
    assert_eq!(count(&rig), 60_000);
}

#[test]
fn entries_that_come_again_count_once_also_after_a_restart() {
    let mut rig = Rig::new(&IngestLimits::default());
    let upload = |numbers: std::ops::RangeInclusive<u64>| numbers.map(entry).collect::<String>();
    assert_eq!(rig.upload(upload(1..=100)).0, 202);
    assert_eq!(count(&rig), 100);
    assert_eq!(rig.upload(upload(51..=150)).0, 202);
    assert_eq!(count(&rig), 50);
    assert_eq!(rig.upload(upload(1..=150)).0, 202);
    assert_eq!(count(&rig), 0);
    // Everything but what was committed is gone.
    let mut again = Rig::over(Arc::clone(&rig.sink), &IngestLimits::default());
    assert_eq!(again.upload(upload(101..=160)).0, 202);
    assert_eq!(count(&again), 10);
}

#[test]
fn what_came_before_a_fault_is_committed_and_the_next_upload_goes_on() {
    let mut rig = Rig::new(&IngestLimits::default());
    let (status, said) = rig.upload(format!("{}lower=1\n\n{}", entry(1), entry(2)));
    assert_eq!(status, 400);
    assert!(said.contains("entry 2"), "{said}");
    assert_eq!(count(&rig), 1);
    assert_eq!(rig.upload(entry(1) + &entry(2)).0, 202);
    assert_eq!(count(&rig), 1);
}

#[test]
fn without_room_an_upload_waits_and_is_then_refused_for_a_while() {
    let mut rig = Rig::new(&IngestLimits { commit: std::time::Duration::from_millis(50), ..IngestLimits::default() });
    for (refusal, status) in [(TrySubmission::Full, 429), (TrySubmission::Closed, 503)] {
        *rig.sink.refuses.lock().unwrap() = Some(refusal);
        let (answered, said) = rig.upload(entry(1));
        assert_eq!(answered, status, "{said}");
    }
    *rig.sink.refuses.lock().unwrap() = None;
    assert_eq!(rig.upload(entry(1)).0, 202);
    assert_eq!(count(&rig), 1);
}

#[test]
fn compressed_uploads_are_unpacked_while_they_come() {
    let mut rig = Rig::new(&IngestLimits { body_bytes: 1 << 20, decoded_bytes: 1 << 20, ..IngestLimits::default() });
    let text = |numbers: std::ops::RangeInclusive<u64>| numbers.map(entry).collect::<String>();
    let zstd =
        |text: &str| ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let upload = |rig: &mut Rig, encoding: &str, body: Vec<u8>| {
        let headers = [("content-type", "application/vnd.fdo.journal"), ("content-encoding", encoding)];
        rig.post("/upload", &headers, body)
    };
    // As the sender does: a frame for each piece.
    let frames = [zstd(&text(1..=20_000)), zstd(&text(20_001..=40_000))].concat();
    assert_eq!(upload(&mut rig, "zstd", frames), (202, "OK.".to_owned()));
    assert_eq!(count(&rig), 40_000);
    assert_eq!(upload(&mut rig, "gzip", gzip(text(40_001..=40_010).as_bytes())).0, 202);
    assert_eq!(count(&rig), 10);
    // What is whole before a fault counts.
    let cut = zstd(&text(40_011..=60_000));
    let (status, said) = upload(&mut rig, "zstd", cut[..cut.len() - 9].to_vec());
    assert!(status == 400 && said.contains("cannot be decompressed"), "{status} {said}");
    let before = count(&rig);
    assert!(before > 0 && before < 19_990, "{before}");
    // A window that would fill the memory.
    let mut huge = zstd(&entry(1));
    huge.splice(4..6, [0x00, 0x88]);
    let (status, said) = upload(&mut rig, "zstd", huge);
    assert!(status == 400 && said.contains("window"), "{status} {said}");
    for encoding in ["lz4", "xz", "snappy", "br"] {
        let (status, said) = upload(&mut rig, encoding, b"x".to_vec());
        assert!(status == 415 && said.contains("gzip or zstd"), "{encoding}: {status} {said}");
    }
}
