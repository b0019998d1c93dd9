//! The README shows the example that is compiled, and no other.

#[test]
fn the_readme_shows_the_example() {
    assert!(include_str!("../README.md").contains(include_str!("../examples/greeting.rs")));
}
