//! Configurations that come while notices flow: a host that does not die tells nothing twice.

use lifesigns_crash_test::{Feed, Home, Host, Random, Told, check, wait_until};

#[test]
fn a_new_configuration_tells_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(&folder.path().join("cache"), None);
    let (mut feed, mut told, mut random) = (Feed::new(&home), Told::new(home.told()), Random::new(11));
    let host = Host::start(&home, None);
    wait_until("the host runs", || host.errors().contains("running: "));
    for version in 1..=8 {
        home.configure(version);
        let said = |host: &Host| host.errors().matches("read again, and in force").count() as u64;
        wait_until("the configuration is in force", || {
            feed.write(3, &mut random);
            told.read();
            said(&host) >= version
        });
    }
    feed.finish(&mut random);
    wait_until("all events are told", || {
        told.read();
        told.events().len() as u64 == feed.events()
    });
    host.stop();
    told.read();
    let figures = check(&home, &told, feed.events());
    assert_eq!((figures.duplicates, figures.broken), (0, 0), "{figures:?}");
}
