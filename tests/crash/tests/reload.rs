//! Configurations that change while notices flow: a host that runs on sends no notice twice.

use lifesigns_crash_test::{Feed, Home, Host, Notified, Random, check, wait_until};

#[test]
fn a_new_configuration_sends_no_notice_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(&folder.path().join("cache"), None);
    let (mut feed, mut notified, mut random) = (Feed::new(&home), Notified::new(home.notified()), Random::new(11));
    let host = Host::start(&home, None);
    wait_until("the host runs", || host.errors().contains("running: "));
    for version in 1..=8 {
        home.configure(version);
        let said = |host: &Host| host.errors().matches("configuration reloaded").count() as u64;
        wait_until("the configuration is in force", || {
            if !notified.is_far_behind(&feed) {
                feed.write(3, &mut random);
            }
            notified.read();
            said(&host) >= version
        });
    }
    feed.finish(&mut random);
    wait_until("all events are notified", || {
        notified.read();
        notified.events().len() as u64 == feed.events()
    });
    host.stop();
    notified.read();
    let figures = check(&home, &notified, feed.events());
    assert_eq!((figures.duplicates, figures.broken), (0, 0), "{figures:?}");
}
