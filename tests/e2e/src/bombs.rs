//! Modules that are made to hurt their compiler. Each is a sound component, with the exports of
//! a rule, and none of their code is ever called.

use std::fmt::Write as _;

/// Returns a component around a core module's text: `fields` of it, beside a function that does nothing.
fn component(fields: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $m (func (export "f")) {fields})
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (export "describe" (func $f))
            (export "evaluate" (func $f)))"#
    );
    parsed(&text)
}

fn parsed(text: &str) -> Vec<u8> {
    match wat::parse_str(text) {
        Ok(bytes) => bytes,
        Err(error) => panic!("the bomb's own text is not sound: {error}"),
    }
}

/// One function of many locals, each changed in many places where ways meet: a compiler has to carry
/// every local to every such place.
pub fn crossings(locals: usize, blocks: usize) -> Vec<u8> {
    let mut text = format!("(func (local{})", " i32".repeat(locals));
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % locals
    };
    for _ in 0..blocks {
        let (one, other) = (next(), next());
        let _ = write!(
            text,
            "(block (br_if 0 (local.get {one})) (local.set {one} (i32.add (local.get {other}) (local.get {one}))))"
        );
    }
    text.push(')');
    component(&text)
}

/// One function of loops in loops, in whose innermost all locals change.
pub fn loops(depth: usize, locals: usize) -> Vec<u8> {
    let mut text = format!("(func (local{}) {}", " i32".repeat(locals), "loop ".repeat(depth));
    for local in 0..locals {
        let _ = write!(text, "local.get {local} i32.const 1 i32.add local.set {local} ");
    }
    text.push_str(&"local.get 0 br_if 0 end ".repeat(depth));
    text.push(')');
    component(&text)
}

/// Functions that do nothing.
pub fn functions(count: usize) -> Vec<u8> {
    component(&"(func)".repeat(count))
}

/// Tables' elements.
pub fn elements(count: usize) -> Vec<u8> {
    component(&format!("(table {count} funcref) (elem (i32.const 0) func{})", " 0".repeat(count)))
}

/// Components in components, each of which instantiates the one within it twice: two to the power of
/// `depth` instances.
pub fn nested(depth: usize) -> Vec<u8> {
    let mut text = "(component (core module $m) (core instance (instantiate $m)))".to_owned();
    for _ in 0..depth {
        let inner = text.replacen("(component", "(component $c", 1);
        text = format!("(component {inner} (instance (instantiate $c)) (instance (instantiate $c)))");
    }
    parsed(&text)
}
