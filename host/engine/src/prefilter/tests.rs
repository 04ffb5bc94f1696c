//! The prefilter against a naive matcher, on selected inputs: edges, alignments, overload, hostile traffic, limits.

use super::{BUDGET_PER_KIB, Hit, LITERAL_MAX_BYTES, Literal, Prefilter, PrefilterError, ScanContext};

pub(super) type Owned = (Vec<u8>, bool);

const LINES: &str = include_str!("typical.txt");

pub(super) fn literals(owned: &[Owned]) -> Vec<Literal<'_>> {
    owned.iter().map(|(bytes, ignore_case)| Literal { bytes, ignore_case: *ignore_case }).collect()
}

pub(super) fn naive(owned: &[Owned], haystack: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for start in 0..haystack.len() {
        for (literal, (bytes, ignore_case)) in owned.iter().enumerate() {
            let Some(text) = haystack[start..].get(..bytes.len()) else { continue };
            if if *ignore_case { text.eq_ignore_ascii_case(bytes) } else { text == bytes } {
                hits.push(Hit { start: start as u32, literal: literal as u32 });
            }
        }
    }
    hits
}

pub(super) fn scan(owned: &[Owned], sample: &[u8], budget: u32, haystack: &[u8]) -> (Vec<Hit>, ScanContext) {
    let prefilter = Prefilter::with_budget(&literals(owned), sample, budget).expect("literals within the limits");
    let mut work = ScanContext::default();
    let kept = Hit { start: u32::MAX, literal: u32::MAX };
    let mut hits = vec![kept];
    prefilter.scan(haystack, &mut hits, &mut work);
    assert_eq!(hits.remove(0), kept, "hits are appended");
    assert_eq!(work.bytes, haystack.len() as u64);
    (hits, work)
}

#[test]
fn every_place_and_alignment() {
    let owned: Vec<Owned> = [&b"containers/create"[..], b"start42", b"Zz9\0\xff\n!", b"docker", b"sh"]
        .iter()
        .flat_map(|bytes| [(bytes.to_vec(), false), (bytes.to_vec(), true), (bytes.to_ascii_uppercase(), true)])
        .collect();
    for len in (0..80).chain([511, 512, 513, 1023, 8191, 8192, 8193, 8200]) {
        let edges = (0..len).filter(|at| *at < 24 || len - at < 24 || at % 8192 > 8170 || at % 512 > 490);
        for at in edges {
            for (bytes, _) in owned.iter().step_by(3) {
                let mut haystack = vec![b'.'; len];
                let end = len.min(at + bytes.len());
                haystack[at..end].copy_from_slice(&bytes[..end - at]);
                let wanted = naive(&owned[..], &haystack);
                assert_eq!(scan(&owned, b"", BUDGET_PER_KIB, &haystack).0, wanted, "{len} bytes, hit at {at}");
            }
        }
    }
}

#[test]
fn lines_of_real_kinds() {
    let words: Vec<&str> = LINES.split(|c: char| c.is_whitespace() || c == '"').filter(|w| !w.is_empty()).collect();
    let mut owned: Vec<Owned> = words.iter().map(|w| (w.as_bytes().to_vec(), w.len() % 2 == 0)).collect();
    owned.extend(words.windows(2).map(|w| (w.join(" ").into_bytes(), true)));
    owned.extend(words.windows(2).map(|w| (w.join(" ").into_bytes(), false)));
    let haystack = LINES.repeat(4).into_bytes();
    let wanted = naive(&owned, &haystack);
    assert!(wanted.len() > 1000, "{} hits", wanted.len());
    for sample in [&b""[..], LINES.as_bytes(), b"none of it"] {
        for budget in [BUDGET_PER_KIB, 0] {
            assert_eq!(scan(&owned, sample, budget, &haystack).0, wanted);
        }
    }
}

#[test]
fn overloaded_grams_go_to_the_automaton() {
    let owned: Vec<Owned> = (0..1000).map(|n| (format!("port{n:03}").into_bytes(), false)).collect();
    let prefilter = Prefilter::new(&literals(&owned), b"port port port port").expect("small literals");
    let stats = prefilter.stats();
    assert_eq!(stats.grams + stats.fallback, 1000, "{stats:?}");
    assert!(stats.grams >= 16 && stats.fallback >= 500, "{stats:?}");
    let haystack: Vec<u8> = (0..1000).flat_map(|n| format!("port{n:03} ").into_bytes()).collect();
    assert_eq!(scan(&owned, b"port port port port", BUDGET_PER_KIB, &haystack).0, naive(&owned, &haystack));
}

#[test]
fn many_short_literals_are_probed_for_at_every_byte() {
    let mut owned: Vec<Owned> = (0..300).map(|n| (format!("u{n:03}").into_bytes(), n % 3 == 0)).collect();
    owned.extend((0..30).map(|n| (vec![b'a' + n % 26, b'0' + n % 10], n % 2 == 0)));
    let stats = Prefilter::new(&literals(&owned), b"").expect("small literals").stats();
    assert_eq!((stats.dense_grams, stats.short), (300, 30), "{stats:?}");
    let haystack: Vec<u8> = (0..2000).flat_map(|n| format!("U{n:03}a{n}").into_bytes()).collect();
    for budget in [BUDGET_PER_KIB, 0] {
        assert_eq!(scan(&owned, b"", budget, &haystack).0, naive(&owned, &haystack));
    }
}

#[test]
fn hostile_traffic_is_bounded_and_noticed() {
    let owned: Vec<Owned> = (0..60).map(|n| (format!("invalid user number {n}").into_bytes(), n % 2 == 0)).collect();
    let haystack = b"id user number 1 invalid use".repeat(24_000);
    let (hits, work) = scan(&owned, b"", BUDGET_PER_KIB, &haystack);
    let (linear, _) = scan(&owned, b"", 0, &haystack);
    assert_eq!(hits, linear);
    assert!(work.fallbacks > 60, "{work:?}");
    let most = (haystack.len() / 1024 + 1) as u64 * u64::from(BUDGET_PER_KIB + 16);
    assert!(work.verifications < most, "{work:?}");

    let unaware = Prefilter::new(&literals(&owned), b"").expect("small literals");
    assert!(unaware.stale(&work));
    assert!(!unaware.stale(&ScanContext::default()));
    let aware = Prefilter::new(&literals(&owned), &haystack).expect("small literals");
    let mut work = ScanContext::default();
    aware.scan(&haystack, &mut Vec::new(), &mut work);
    assert!(!aware.stale(&work), "{work:?}");
}

#[test]
fn a_literal_is_reported_so_often_in_a_line_and_no_more() {
    let mut random = 21_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for round in 0..60 {
        let word = |next: &mut dyn FnMut(u64) -> u64, most: u64| -> Vec<u8> {
            (0..1 + next(most)).map(|_| b"aaab"[next(4) as usize]).collect()
        };
        let owned: Vec<Owned> = (0..1 + next(40)).map(|_| (word(&mut next, 12), next(3) == 0)).collect();
        let mut haystack = Vec::new();
        for _ in 0..next(200) {
            haystack.extend(word(&mut next, 120));
            haystack.push(b'\n');
        }
        let line = |start: u32| haystack[..start as usize].iter().filter(|byte| **byte == b'\n').count();
        let count = |hits: &[Hit]| {
            let mut counts = std::collections::BTreeMap::new();
            hits.iter().for_each(|hit| *counts.entry((hit.literal, line(hit.start))).or_insert(0_u32) += 1);
            counts
        };
        let all = naive(&owned, &haystack);
        for (budget, most) in [(BUDGET_PER_KIB, 4), (BUDGET_PER_KIB, 1), (0, 3)] {
            let prefilter = Prefilter::with_budget(&literals(&owned), b"", budget).expect("small literals");
            let mut work = ScanContext { most_per_line: most, ..ScanContext::default() };
            for _ in 0..2 {
                let mut hits = Vec::new();
                prefilter.scan(&haystack, &mut hits, &mut work);
                assert!(hits.iter().all(|hit| all.binary_search(hit).is_ok()), "round {round}: no hit is made up");
                let expected: Vec<_> = count(&all).into_iter().map(|(at, times)| (at, times.min(most))).collect();
                assert_eq!(count(&hits).into_iter().collect::<Vec<_>>(), expected, "round {round}, {most} a line");
            }
        }
    }
}

#[test]
fn limits() {
    let new = |bytes: &[u8]| Prefilter::new(&[Literal { bytes, ignore_case: false }], b"");
    assert!(matches!(new(b""), Err(PrefilterError::Empty { literal: 0 })));
    assert!(matches!(new(&[b'a'; LITERAL_MAX_BYTES + 1]), Err(PrefilterError::TooLong { .. })));
    let long: Vec<Owned> = (0..5).map(|n| (vec![b'a' + n; LITERAL_MAX_BYTES], n % 2 == 0)).collect();
    let haystack: Vec<u8> = (0..5u8).flat_map(|n| vec![b'A' + n + n % 2 * 32; LITERAL_MAX_BYTES + 3]).collect();
    for budget in [BUDGET_PER_KIB, 0] {
        assert_eq!(scan(&long, b"", budget, &haystack).0, naive(&long, &haystack));
    }
    let none = Prefilter::new(&[], b"some sample").expect("no literals");
    let mut hits = Vec::new();
    none.scan(b"anything", &mut hits, &mut ScanContext::default());
    assert!(hits.is_empty());
    assert_eq!(none.stats().literals, 0);
}

#[test]
fn shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Prefilter>();
}
