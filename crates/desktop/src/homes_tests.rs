#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;

fn homes(home: Option<&str>, mode: Mode) -> (PathBuf, PathBuf) {
    let lookup = |name: &str| (name == "BC_AGENT_HOME").then(|| "/data/agent".into());
    let homes = Homes::new(home.map(Into::into), mode, Environment::from(lookup).unwrap()).unwrap();
    (homes.config(Mode::Own).home().unwrap(), homes.config(Mode::Demo).home().unwrap())
}

#[test]
fn the_demo_never_shares_a_home_with_the_persons_own_books() {
    let (own, demo) = homes(Some("/data/mine"), Mode::Own);
    assert_eq!((own.as_path(), demo.as_path()), (Path::new("/data/mine"), Path::new("/data/mine-demo")));
    let (own, demo) = homes(Some("/data/try"), Mode::Demo);
    assert_eq!((own.as_path(), demo.as_path()), (Path::new("/data/agent"), Path::new("/data/try")));
    let (own, demo) = homes(None, Mode::Own);
    assert_eq!((own.as_path(), demo.as_path()), (Path::new("/data/agent"), Path::new("/data/agent-demo")));
}
