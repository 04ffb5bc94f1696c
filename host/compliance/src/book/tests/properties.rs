//! Property tests: lines that are read twice, restarts at any time, badges, and configurations that come
//! late.

use proptest::prelude::*;

use super::{restart::Kept, *};
use crate::{Badge, Matcher, SharedList, SharedText};

#[derive(Clone, Debug)]
pub(super) enum Step {
    Raise { late_s: u64, object: usize, symptom: usize, criticality: usize, hold_s: u64 },
    Clear { late_s: u64, object: usize, symptom: usize },
    Env(usize, usize),
    Load(usize, u8),
    Parent(usize, usize),
    Time,
    Clock,
    Silence(usize, u64),
    Acknowledge(usize),
    Cancel(usize),
    Configure(usize),
}

pub(super) const OBJECTS: [&str; 4] = ["vm0", "vm1", "vm2", "host"];
const SYMPTOMS: [&str; 4] = ["docker/create", "docker/run", "disk/full", "net/down"];
const CRITICALITIES: [Criticality; 4] =
    [Criticality::Information, Criticality::Warning, Criticality::Immediate, Criticality::Critical];

/// Steps, each with the seconds since the one before.
pub(super) fn steps(by_hand: bool) -> impl Strategy<Value = Vec<(u64, Step)>> {
    let raise = (0..4_u64, 0..4_usize, 0..4_usize, 0..4_usize, prop_oneof![Just(0_u64), 1..9_u64]);
    let raise = raise.prop_map(|(late_s, object, symptom, criticality, hold_s)| Step::Raise {
        late_s,
        object,
        symptom,
        criticality,
        hold_s,
    });
    let clear = (0..4_u64, 0..4_usize, 0..4_usize);
    let clear = clear.prop_map(|(late_s, object, symptom)| Step::Clear { late_s, object, symptom });
    let step = prop_oneof![
        8 => raise,
        4 => clear,
        2 => (0..4_usize, 0..3_usize).prop_map(|(object, env)| Step::Env(object, env)),
        2 => (0..4_usize, 0..12_u8).prop_map(|(object, load)| Step::Load(object, load)),
        1 => (0..3_usize, 0..4_usize).prop_map(|(object, parent)| Step::Parent(object, parent)),
        1 => Just(Step::Time),
        1 => Just(Step::Clock),
        3 => by_hand_or_not(by_hand),
        1 => (0..CONFIGS).prop_map(Step::Configure),
    ];
    proptest::collection::vec((0..4_u64, step), 1..60)
}

/// A command of a person, or only the passing of time.
fn by_hand_or_not(by_hand: bool) -> BoxedStrategy<Step> {
    match by_hand {
        false => Just(Step::Time).boxed(),
        true => prop_oneof![
            (0..4_usize, 1..9_u64).prop_map(|(object, long_s)| Step::Silence(object, long_s)),
            (0..8_usize).prop_map(Step::Acknowledge),
            (0..8_usize).prop_map(Step::Cancel),
        ]
        .boxed(),
    }
}

const CONFIGS: usize = 4;

/// Configurations that differ in all that matters. `waits`: some definitions wait.
pub(super) fn config(number: usize, waits: bool) -> ComplianceConfig {
    let of = |name: &str, scope| AlertCondition::Symptom(Pattern::new(name), scope);
    let docker = AlertCondition::Any(vec![symptom("docker/create"), symptom("docker/run")]);
    let mut definitions = vec![
        define("docker", docker.clone()),
        define("busy", AlertCondition::All(vec![docker, fact("metrics.load > threshold.load")])),
        define("load", fact("metrics.load > 10.0")),
        define("above", of("disk/full", Scope::Parent)),
        define("below", AlertCondition::All(vec![of("disk/*", Scope::Children), not(of("net/*", Scope::Own))])),
    ];
    definitions[1].thresholds.insert("load".to_owned(), 6.0);
    if waits {
        (definitions[0].wait_ms, definitions[1].cancel_ms) = (3_000, 4_000);
    }
    let grouping = Grouping { repeat_ms: 5_000, ..Grouping::default() };
    let mut config = ComplianceConfig {
        definitions,
        reopen_ms: 5_000,
        routes: vec![
            Route { go_on: true, grouping, ..route(&["desk"]) },
            Route { groups: vec!["production".to_owned()], ..route(&["pager"]) },
        ],
        inhibit_by_parent: true,
        ..house()
    };
    match number {
        1 => drop(config.definitions.drain(..2)),
        2 => {
            config.policies.push(policy(
                "strict",
                &["production"],
                &[
                    ("docker", PolicySetting::Criticality(Criticality::Critical)),
                    ("busy", PolicySetting::Threshold("load".to_owned(), 2.0)),
                    ("disk/*", PolicySetting::Enable(false)),
                    ("net/*", PolicySetting::Receivers(vec!["network".to_owned()])),
                ],
            ));
            config.badge = crate::config::BadgeFormula::Share;
        }
        3 => {
            config.groups[1].when = Some("metrics.load < 5.0".to_owned());
            config.inhibit_by_parent = false;
        }
        _ => {}
    }
    config
}

/// The inputs of a scenario; where it configures, the number of the configuration.
fn inputs(steps: &[(u64, Step)]) -> Vec<Result<BookInput, usize>> {
    let (mut at_s, mut all) = (10_u64, vec![Ok(BookInput::Clock(1000 * S))]);
    for (number, (after_s, step)) in steps.iter().enumerate() {
        at_s += after_s;
        let said = |late_s: u64, object: usize, symptom: usize| {
            raise(at_s - late_s, OBJECTS[object], SYMPTOMS[symptom], number as u64)
        };
        let about = |object: usize| facts(at_s, OBJECTS[object]);
        all.push(Ok(match *step {
            Step::Raise { late_s, object, symptom, criticality, hold_s } => {
                BookInput::Symptom(Box::new(model::RuleAlert {
                    criticality: CRITICALITIES[criticality],
                    hold_ms: hold_s * 1000,
                    ..said(late_s, object, symptom)
                }))
            }
            Step::Clear { late_s, object, symptom } => BookInput::Symptom(Box::new(model::RuleAlert {
                change: Change::Clear,
                ..said(late_s, object, symptom)
            })),
            Step::Env(object, env) => {
                let env = ["production", "playground", "test"][env];
                BookInput::Facts(ObjectFacts {
                    properties: vec![("env".to_owned(), Some(env.to_owned()))],
                    ..about(object)
                })
            }
            Step::Load(object, load) => {
                BookInput::Facts(ObjectFacts { metrics: vec![("load".to_owned(), load.into())], ..about(object) })
            }
            Step::Parent(object, parent) => {
                let parent = Some(OBJECTS[parent].to_owned());
                BookInput::Facts(ObjectFacts { parent, ..about(object) })
            }
            Step::Time => BookInput::Time(at_s * S),
            Step::Clock => BookInput::Clock((1000 + at_s) * S),
            Step::Silence(object, long_s) => {
                let pattern = Pattern::new(OBJECTS[object]);
                let matchers = vec![Matcher { name: "object".to_owned(), pattern, negated: false }];
                command(
                    at_s,
                    CommandAction::Silence {
                        matchers,
                        from_ns: None,
                        until_ns: (1000 + at_s + long_s) * S,
                        why: String::new(),
                    },
                )
            }
            Step::Acknowledge(nth) => {
                command(at_s, CommandAction::Acknowledge { alerts: vec![nth.to_string()], owner: None })
            }
            Step::Cancel(nth) => {
                command(at_s, CommandAction::Cancel { alerts: vec![nth.to_string()], why: String::new() })
            }
            Step::Configure(number) => {
                all.push(Err(number));
                continue;
            }
        }));
    }
    all
}

fn command(at_s: u64, act: CommandAction) -> BookInput {
    BookInput::Command(Command { who: "ann".to_owned(), time_ns: (1000 + at_s) * S, act })
}

/// The same, and not late.
fn in_time(mut step: Step) -> Step {
    if let Step::Raise { late_s, .. } | Step::Clear { late_s, .. } = &mut step {
        *late_s = 0;
    }
    step
}

/// Commands name alerts by their number among those that are known; only now their ids are known.
fn named(world: &World, input: BookInput) -> BookInput {
    let BookInput::Command(mut command) = input else { return input };
    if let CommandAction::Acknowledge { alerts, .. } | CommandAction::Cancel { alerts, .. } = &mut command.act {
        let nth: usize = alerts[0].parse().unwrap();
        alerts[0] = world.known().get(nth).map_or("none".to_owned(), |alert| alert.id.clone());
    }
    BookInput::Command(command)
}

/// Plays a scenario; `then` is called after each input.
pub(super) fn play(steps: &[(u64, Step)], waits: bool, mut then: impl FnMut(usize, &mut World)) -> World {
    let mut world = World::new(config(0, waits));
    for (number, input) in inputs(steps).into_iter().enumerate() {
        match input {
            Ok(input) => {
                let input = named(&world, input);
                drop(world.book.apply(input));
            }
            Err(number) => world.configure(config(number, waits)),
        }
        then(number, &mut world);
    }
    world
}

/// The answers to all questions, without badges over time, and without when objects were seen and facts were
/// confirmed, which is not stored each time.
fn state(world: &World) -> (Vec<Alert>, QueryAnswer, QueryAnswer) {
    let QueryAnswer::Badges(mut badges) = world.book.answer(&Query::Badges { limit: 0 }).unwrap() else {
        panic!("badges")
    };
    for line in &mut badges.objects {
        let object = &mut line.object;
        (object.first_ns, object.last_ns, object.kind_ns, object.parent_ns) = (0, 0, 0, 0);
        Arc::make_mut(&mut object.properties).values_mut().for_each(|fact| fact.time_ns = 0);
        object.metrics.values_mut().for_each(|fact| fact.time_ns = 0);
    }
    (world.known(), QueryAnswer::Badges(badges), world.book.answer(&Query::Silences).unwrap())
}

/// Badges counted again from the alerts.
fn counted(world: &World, of: &dyn Fn(&str) -> bool) -> (Option<Criticality>, u32, u32) {
    let known = world.known();
    let open = || known.iter().filter(|alert| alert.status == AlertStatus::Open && of(&alert.object));
    let violations = open().filter(|alert| !alert.allowed);
    (
        violations.clone().map(|alert| alert.criticality).max(),
        violations.count() as u32,
        open().filter(|alert| alert.allowed).count() as u32,
    )
}

fn score(worst: Option<Criticality>) -> u8 {
    match worst {
        None | Some(Criticality::Information) => 100,
        Some(Criticality::Warning) => 75,
        Some(Criticality::Immediate) => 25,
        Some(Criticality::Critical) => 0,
    }
}

/// Returns whether an alert's definition is there, or its symptom if no definition names that.
fn exists(world: &World, alert: &Alert) -> bool {
    let definitions = &world.book.config().definitions;
    let is_defined = |name: &str| definitions.iter().any(|one| one.name == name);
    match alert.definition.split_once('/') {
        None => is_defined(&alert.definition),
        Some(("docker", _)) => !is_defined("docker"),
        Some((rule, _)) => rule == "net",
    }
}

fn check_badges(world: &World) -> Result<(), TestCaseError> {
    let QueryAnswer::Badges(badges) = world.book.answer(&Query::Badges { limit: 0 }).unwrap() else { panic!("badges") };
    let known = world.known();
    let violated = |object: &str| known.iter().any(|alert| alert.object == object && alert.is_violation());
    let facts = |badge: Badge| (badge.worst, badge.violations, badge.allowed, badge.share);
    for line in &badges.objects {
        let id = line.object.id.as_str();
        let (worst, violations, allowed) = counted(world, &|object| object == id);
        let counts = |alert: &&Alert| alert.object == id && (alert.status == AlertStatus::Open || exists(world, alert));
        let total = known.iter().filter(counts).count() as u32;
        let share = ((total - violations) * 100).checked_div(total).unwrap_or(100) as u8;
        prop_assert_eq!(facts(line.badge), (score(worst), violations, allowed, share), "{}", id);
    }
    for group in &badges.groups {
        let is_member = |object: &str| world.book.registry().groups().is_member(object, &group.name);
        let (worst, violations, allowed) = counted(world, &is_member);
        let members = badges.objects.iter().filter(|line| is_member(&line.object.id));
        let (total, bad) = (members.clone().count(), members.filter(|line| violated(&line.object.id)).count());
        let share = ((total - bad) * 100).checked_div(total).unwrap_or(100) as u8;
        prop_assert_eq!(facts(group.badge), (score(worst), violations, allowed, share), "{}", &group.name);
        prop_assert_eq!((group.members, group.violated), (total, bad));
    }
    Ok(())
}

/// Object, definition, allowed, criticality, symptoms, groups.
type Essence = (SharedText, SharedText, bool, Criticality, SharedList<String>, SharedList<String>);

/// The open alerts, as far as they do not depend on when they were decided.
fn open(world: &World) -> Vec<Essence> {
    let open = world.known().into_iter().filter(|alert| alert.status == AlertStatus::Open);
    open.map(|one| (one.object, one.definition, one.allowed, one.criticality, one.symptoms, one.groups)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn lines_that_are_read_twice_change_nothing(
        steps in steps(true),
        again in proptest::collection::vec((0..60_usize, 0..60_usize), 0..30),
    ) {
        let once = play(&steps, true, |_, _| {});
        let lines: Vec<Option<BookInput>> = inputs(&steps).into_iter().map(|input| input.ok().filter(|input| matches!(input, BookInput::Symptom(_)))).collect();
        let twice = play(&steps, true, |number, world| {
            for (_, what) in again.iter().filter(|(when, what)| *when == number && what <= when) {
                if let Some(Some(line)) = lines.get(*what) {
                    world.apply(line.clone());
                }
            }
        });
        prop_assert_eq!(state(&once), state(&twice));
    }

    #[test]
    fn a_restart_at_any_time_changes_nothing(steps in steps(true), when in proptest::collection::vec(0..60_usize, 1..6)) {
        // How far an object's time had come is remembered as far as something waits for it: what comes
        // late just after a restart may wait longer.
        let steps: Vec<(u64, Step)> = steps.into_iter().map(|(after_s, step)| (after_s, in_time(step))).collect();
        let mut once = play(&steps, true, |_, _| {});
        let (mut kept, mut said) = (Kept::default(), BookChanges::default());
        let mut with = play(&steps, true, |number, world| {
            if when.contains(&number) {
                let taken = world.book.take();
                said.notices.extend(taken.notices.clone());
                said.audit.extend(taken.audit.clone());
                said.badges.extend(taken.badges.clone());
                kept.commit(taken);
                world.book = kept.restart(&world.book);
            }
        });
        prop_assert_eq!(state(&once), state(&with));
        let (one, rest) = (once.book.take(), with.book.take());
        said.notices.extend(rest.notices);
        said.audit.extend(rest.audit);
        said.badges.extend(rest.badges);
        prop_assert_eq!(one.notices, said.notices);
        prop_assert_eq!(one.audit, said.audit);
        prop_assert_eq!(one.badges, said.badges);
    }

    #[test]
    fn badges_are_as_if_counted_anew(steps in steps(true)) {
        let mut failed = Ok(());
        play(&steps, true, |_, world| {
            if failed.is_ok() {
                failed = check_badges(world);
            }
        });
        failed?;
    }

    #[test]
    fn a_configuration_that_comes_late_finds_what_an_early_one_would(steps in steps(false), last in 0..CONFIGS) {
        let mut late = play(&steps, false, |_, _| {});
        late.configure(config(last, false));
        let mut early = World::new(config(last, false));
        for input in inputs(&steps).into_iter().flatten() {
            early.apply(input);
        }
        prop_assert_eq!(open(&late), open(&early));
    }

    #[test]
    fn everything_is_written_down(steps in steps(true)) {
        let mut kept = Kept::default();
        let world = play(&steps, true, |_, world| kept.commit(world.book.take()));
        let again = World { book: kept.restart(&world.book), said: BookChanges::default(), line: 0 };
        prop_assert_eq!(state(&world), state(&again));
    }
}
