#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

fn key(account: &str, request: &str) -> Key {
    let target = Target { root: "r".into(), tenant: "t".into(), environment: "e".into(), company_id: "c".into(), account: account.into() };
    Key::new(&target, request.into())
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_answer_is_fresh_for_five_minutes_and_tells_its_age() {
    let cache = ReadCache::default();
    cache.put(key("kim", "a"), &Json::Bool(true), cache.begin(), at(100));
    for (now, fresh, told) in [
        (100, true, "from 0 s ago"),
        (220, true, "from 2 min ago"),
        (399, true, "from 4 min ago"),
        (400, false, "from 5 min ago"),
        (4_000, false, "from 1 hour ago"),
        (20_000, false, "from 5 hours ago"),
    ] {
        let kept = cache.get(&key("kim", "a"), at(now)).unwrap();
        assert_eq!((kept.is_fresh(), kept.told().as_str()), (fresh, told));
    }
    assert!(cache.get(&key("kim", "a"), at(100) + KEPT).is_none());
    assert!(cache.get(&key("robin", "a"), at(100)).is_none() && cache.get(&key("kim", "b"), at(100)).is_none());
}

#[test]
fn a_write_forgets_everything_also_what_is_being_read() {
    let cache = ReadCache::default();
    let began = cache.begin();
    cache.put(key("kim", "a"), &Json::Null, began, at(0));
    cache.clear();
    assert!(cache.get(&key("kim", "a"), at(0)).is_none());
    cache.put(key("kim", "a"), &Json::Null, began, at(0));
    assert!(cache.get(&key("kim", "a"), at(0)).is_none(), "read before the write, arrived after it");
}

#[test]
fn a_write_of_another_process_does_the_same() {
    let cache = ReadCache::default();
    cache.follow(7);
    let began = cache.begin();
    cache.put(key("kim", "a"), &Json::Null, began, at(0));
    cache.follow(7);
    assert!(cache.get(&key("kim", "a"), at(0)).is_some());
    cache.follow(8);
    assert!(cache.get(&key("kim", "a"), at(0)).is_none());
    cache.put(key("kim", "a"), &Json::Null, began, at(0));
    assert!(cache.get(&key("kim", "a"), at(0)).is_none(), "read before the write, arrived after it");
}

#[test]
fn it_stays_small() {
    let cache = ReadCache::default();
    for n in 0..MOST as u64 + 50 {
        cache.put(key("kim", &n.to_string()), &Json::Null, cache.begin(), at(n));
    }
    assert!(cache.get(&key("kim", "49"), at(300)).is_none() && cache.get(&key("kim", "50"), at(300)).is_some());
    let large = Json::String("x".repeat(MOST_BYTES / 5));
    for n in 0..10_u64 {
        cache.put(key("kim", &format!("large {n}")), &large, cache.begin(), at(1_000 + n));
    }
    assert!(cache.inner().bytes <= MOST_BYTES && cache.get(&key("kim", "large 9"), at(1_100)).is_some());
    cache.put(key("kim", "huge"), &Json::String("x".repeat(MOST_BYTES)), cache.begin(), at(2_000));
    assert!(cache.get(&key("kim", "huge"), at(2_000)).is_none());
}
