//! Limits on what operators write, and on what is remembered of objects.

/// The most bytes of an expression.
pub const EXPRESSION_BYTES: usize = 2048;
/// How deep operators and brackets of an expression may nest. `&&` and `||` do not count.
pub const EXPRESSION_DEPTH: usize = 32;
/// The most operators, dots and brackets in an expression, outside of its strings.
pub const EXPRESSION_OPERATORS: usize = 512;
/// The most comprehensions (`exists`, `all`, `filter` and others) in an expression.
pub const EXPRESSION_LOOPS: usize = 8;
/// How deep comprehensions may nest. The steps they take grow with the object to this power.
pub const EXPRESSION_LOOP_DEPTH: usize = 2;
/// How many comprehensions may be `map`, which can make lists longer.
pub const EXPRESSION_MAPS: usize = 1;
/// The most steps that an expression may take on one object. Evaluating a part is one step, and so is
/// scanning 16 bytes of text.
pub const EXPRESSION_STEPS: usize = 100_000;
/// The most steps that all expressions together may take for one change of one object.
pub const TOTAL_STEPS: usize = 1_000_000;
/// How deep the conditions of a definition may nest.
pub const CONDITION_DEPTH: usize = 32;
/// The most objects, discovered ones included.
pub const OBJECTS: usize = 1_000_000;
/// The most discovered objects, which no inventory lists; the rest of the room is for listed ones.
pub const DISCOVERED_OBJECTS: usize = 250_000;
/// The most ancestors of an object that are followed; an object with more is treated as one in a cycle.
pub const ANCESTORS: usize = 256;
/// The most properties of an object, removed ones included.
pub const OBJECT_PROPERTIES: usize = 1024;
/// The most metrics of an object, and the most expired metrics, of which the oldest is forgotten.
pub const OBJECT_METRICS: usize = 1024;
/// The most bytes of an id, a kind, or a fact's name.
pub const NAME_BYTES: usize = 512;
/// The most bytes of a property's value.
pub const VALUE_BYTES: usize = 4096;
/// How far the time at which an object was last seen moves before it is stored for that alone, in
/// milliseconds.
pub const SEEN_MS: u64 = 60_000;
/// The most bytes of an expression's error.
pub const NOTE_BYTES: usize = 256;

/// How long after its rule is gone a symptom ends, in milliseconds on the host's clock. A rule that comes
/// back within this time finds its symptoms as they were.
pub const RULE_GRACE_MS: u64 = 30_000;
