//! The SDK's bindings belong to the contract as it stands, and were not edited. `tests/bindings` writes them.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{BINDINGS, read};
use sha2::{Digest as _, Sha256};

#[test]
fn the_sdk_has_the_bindings_of_the_contract() {
    let bindings = read(BINDINGS);
    let mut lines = bindings.splitn(4, '\n').skip(1);
    let mut digest = |what: &str| lines.next().unwrap().strip_prefix(&format!("// {what}: sha256:")).unwrap();
    let (contract, code) = (digest("wit/"), digest("what follows"));
    let files = ["wit/guest.wit", "wit/host.wit", "wit/types.wit"];
    let there = files.iter().fold(Sha256::new(), |digest, file| digest.chain_update(read(file)));
    let fix = "`cargo run --manifest-path tests/bindings/Cargo.toml` writes it";
    assert_eq!(contract, hex::encode(there.finalize()), "{BINDINGS} was made from another `wit/`: {fix}");
    assert_eq!(code, hex::encode(Sha256::digest(lines.next().unwrap())), "{BINDINGS} was edited: {fix}");
}
