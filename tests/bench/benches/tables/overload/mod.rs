//! More than the host can take, and very many connections: what becomes of events, of memory, and of an honest client.

mod connections;
mod excess;

use lifesigns_bench::{binary, machine};

/// `only` names cases; none means all.
pub(crate) fn table(only: &[String]) {
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|case| case == name);
    let (machine, binary) = (machine(), binary());
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    println!("\n## Overload\n\n{machine}.\n");
    let excess = excess::table(&binary, &cache, &is_wanted);
    println!(
        "Every event makes an alert, and 16 MiB may be in flight. Wanted are three times as many a second as were taken \
         before; offered are those that were sent, also those that were sent again:\n\n{excess}"
    );
    if is_wanted("connections") {
        let connections = connections::table(&binary, &cache);
        println!("An honest client, 100 events a second, one in each request or line:\n\n{connections}");
    }
}
