//! Bounds of what operators write and of what is kept of objects.

/// Bytes of an expression.
pub const EXPRESSION_BYTES: usize = 2048;
/// Operators and brackets in an expression that nest in each other. `&&` and `||` do not.
pub const EXPRESSION_DEPTH: usize = 32;
/// Operators, dots and brackets in an expression, outside of its texts.
pub const EXPRESSION_OPERATORS: usize = 512;
/// `exists`, `all`, `filter` and the like in an expression.
pub const EXPRESSION_LOOPS: usize = 8;
/// How deep they may stand in each other. What they take grows with the object to this power.
pub const EXPRESSION_LOOP_DEPTH: usize = 2;
/// How many of them may be `map`, which makes lists longer.
pub const EXPRESSION_MAPS: usize = 1;
/// Steps that an expression may take on one object; each part that is evaluated is one, and so are 16
/// bytes of text that are looked through.
pub const EXPRESSION_STEPS: usize = 100_000;
/// Steps that the expressions may take together about one change of one object.
pub const TOTAL_STEPS: usize = 1_000_000;
/// Conditions within conditions in a definition.
pub const CONDITION_DEPTH: usize = 32;
/// Objects of all sorts.
pub const OBJECTS: usize = 1_000_000;
/// Objects that no inventory names; those that an inventory names have room beside them.
pub const DISCOVERED_OBJECTS: usize = 250_000;
/// Parents of parents that are followed; an object with more is taken to be in a circle.
pub const ANCESTORS: usize = 256;
/// Properties of an object, removed ones included.
pub const OBJECT_PROPERTIES: usize = 1024;
/// Metrics of an object; as many again of those that are too old to count, of which the oldest goes.
pub const OBJECT_METRICS: usize = 1024;
/// Bytes of an id, a kind, or a fact's name.
pub const NAME_BYTES: usize = 512;
/// Bytes of a property's value.
pub const VALUE_BYTES: usize = 4096;
/// How far an object's last time moves before it is written down for that alone, in milliseconds.
pub const SEEN_MS: u64 = 60_000;
/// Bytes of such a note.
pub const NOTE_BYTES: usize = 256;

/// After so long without its rule a symptom ends: until then a rule that is copied again finds it as it
/// was. Milliseconds on the host's clock.
pub const RULE_GRACE_MS: u64 = 30_000;
