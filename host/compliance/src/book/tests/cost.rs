//! The cost of changes: counted, and measured on request.

use std::time::Instant;

use super::{restart::Kept, *};

fn many() -> ComplianceConfig {
    let mut definitions: Vec<AlertDefinition> =
        (0..996).map(|number| define(&format!("d{number}"), symptom(&format!("r/s{number}")))).collect();
    definitions.push(define("pattern", AlertCondition::All(vec![symptom("r/s1*"), fact("metrics.load > 8.0")])));
    definitions.push(define("other", symptom("other/*")));
    definitions.push(define("free", fact("metrics.load > 8.0")));
    definitions.push(define("both", AlertCondition::All(vec![symptom("r/s1"), symptom("r/s2")])));
    ComplianceConfig { definitions, ..house() }
}

#[test]
fn of_a_thousand_definitions_only_those_that_look_at_a_symptom_are_evaluated() {
    let mut world = World::new(many());
    world.apply(BookInput::Seen { object: "vm".to_owned(), time_ns: S });
    let cost = |world: &mut World, act: &dyn Fn(&mut World)| {
        let before = world.book.evaluations();
        act(world);
        world.book.evaluations() - before
    };
    assert_eq!(cost(&mut world, &|world| world.raise(2, "vm", "r/s500")), 1);
    assert_eq!(cost(&mut world, &|world| world.raise(3, "vm", "r/s500")), 0, "nothing turns by a second raise");
    assert_eq!(cost(&mut world, &|world| world.raise(4, "vm", "r/s1")), 3, "its own, by pattern, and of two");
    assert_eq!(cost(&mut world, &|world| world.clear(5, "vm", "r/s500")), 1);
    assert_eq!(cost(&mut world, &|world| world.raise(6, "vm", "unknown/x")), 1);
    // A fact: what facts alone can meet, and what looks at symptoms that are there.
    assert_eq!(cost(&mut world, &|world| world.metric(7, "vm", "load", 9.0)), 5);
}

#[test]
#[ignore = "a measurement: cargo test --release -p lifesigns-compliance measured -- --ignored --nocapture"]
#[allow(clippy::print_stdout)]
fn measured() {
    let mut world = World::new(many());
    world.clock(1);
    let count = 300_000_u64;
    let inputs: Vec<BookInput> = (0..count)
        .map(|number| {
            let mut said =
                raise(1 + number / 1000, &format!("vm{}", number % 5000), &format!("r/s{}", number % 7), number);
            if number % 10 == 9 {
                said.change = Change::Clear;
            }
            BookInput::Symptom(Box::new(said))
        })
        .collect();
    let (start, mut taking) = (Instant::now(), std::time::Duration::ZERO);
    for (number, input) in inputs.into_iter().enumerate() {
        world.apply(input);
        if number % 1000 == 999 {
            let start = Instant::now();
            drop(world.book.take());
            taking += start.elapsed();
        }
    }
    let rate = |took: std::time::Duration| count as f64 / took.as_secs_f64();
    println!(
        "{:.0} symptom inputs a second, {:.0} with all changes taken",
        rate(start.elapsed() - taking),
        rate(start.elapsed())
    );

    let mut world = World::new(many());
    let mut kept = Kept::default();
    for number in 0..100_000 {
        world.raise(1, &format!("vm{}", number / 2), &format!("r/s{}", 10 + number % 2));
        if number % 1000 == 999 {
            kept.commit(world.book.take());
        }
    }
    let (mut next, restored) = (Book::new(Arc::clone(world.book.config())).unwrap(), kept.restored(&world.book));
    let start = Instant::now();
    next.restore(restored);
    println!("{} open alerts: restored in {:?}", world.known().len(), start.elapsed());
    let start = Instant::now();
    next.review();
    println!("reviewed in {:?}", start.elapsed());
    let start = Instant::now();
    world.configure(ComplianceConfig { policies: Vec::new(), ..many() });
    println!("configured in {:?}", start.elapsed());
}
