use super::*;

#[test]
fn a_package_counts_as_installed_only_when_its_status_says_so() {
    let listing = "xvfb installed\nrpm config-files\ndunst not-installed\n";
    assert_eq!(not_installed(&["xvfb", "rpm", "dunst", "file"], listing), ["rpm", "dunst", "file"]);
}

#[test]
fn a_package_is_not_taken_for_one_whose_name_it_begins() {
    assert_eq!(not_installed(&["rpm"], "rpm-common installed\n"), ["rpm"]);
}

#[test]
fn no_package_is_listed_twice() {
    let mut all: Vec<_> = BUILD.iter().chain(TEST).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}
