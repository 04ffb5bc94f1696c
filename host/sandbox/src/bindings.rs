//! What wasmtime makes of `wit/`.
#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "rule",
    imports: { default: trappable },
    ownership: Borrowing { duplicate_if_necessary: true },
});
