//! What is wrong with this service, deliberately. Everything else in it is meant to be right.
//!
//! A file beside the data lists what is wrong, a line each; it is read for each request. A line taken out is a bug that was
//! fixed; the three bugs make the build, which [`Bugs::build`] names.
//!
//! | line | what goes wrong |
//! |---|---|
//! | `whole-pounds` | a credit limit loses its pence |
//! | `no-email` | of a customer without an e-mail address the field is left out, where the contract says null |
//! | `off-by-one` | every page but the first begins one too late |
//! | `fails: 20%` | that share of the requests is answered with 500: no bug of a build, but a bad day |
//! | `slow: 300ms` | each answer takes so much longer; a bad day too |

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// The names of the bugs.
const NAMES: [&str; 3] = ["whole-pounds", "no-email", "off-by-one"];

/// What is wrong at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bugs {
    active: BTreeSet<&'static str>,
    fails: u64,
    slow: Duration,
    /// Lines that say nothing.
    pub(crate) unknown: Vec<String>,
}

impl Bugs {
    /// What the file says; without a file nothing is wrong.
    pub(crate) fn read(file: &Path) -> Bugs {
        Bugs::parse(&std::fs::read_to_string(file).unwrap_or_default())
    }

    /// What the lines say. Blank ones and those that begin with `#` say nothing.
    pub fn parse(text: &str) -> Bugs {
        let mut bugs = Bugs::default();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let of = |key: &str, unit: &str| {
                line.strip_prefix(key)?.trim_start().strip_prefix(':')?.trim().strip_suffix(unit)?.trim().parse().ok()
            };
            if let Some(name) = NAMES.iter().find(|n| **n == line) {
                bugs.active.insert(name);
            } else if let Some(percent) = of("fails", "%").filter(|p| *p <= 100) {
                bugs.fails = percent;
            } else if let Some(millis) = of("slow", "ms") {
                bugs.slow = Duration::from_millis(millis);
            } else {
                bugs.unknown.push(line.to_owned());
            }
        }
        bugs
    }

    /// Names the build: another set of bugs is another build.
    pub fn build(&self) -> String {
        let names: Vec<&str> = self.active.iter().copied().collect();
        format!("1.0-{:06x}", crate::print(&names.join(" ")) & 0xff_ffff)
    }

    /// `whole-pounds`, `no-email`: a customer as it is told.
    pub(crate) fn spoil(&self, customer: &mut Value) {
        let Some(fields) = customer.as_object_mut() else { return };
        if self.active.contains("whole-pounds")
            && let Some(Value::String(limit)) = fields.get_mut("credit_limit")
            && let Some((pounds, _)) = limit.split_once('.')
        {
            *limit = format!("{pounds}.00");
        }
        if self.active.contains("no-email") && fields.get("email") == Some(&Value::Null) {
            fields.shift_remove("email");
        }
    }

    /// `off-by-one`: where a page begins that goes on after so many customers.
    pub(crate) fn begins(&self, after: usize) -> usize {
        if self.active.contains("off-by-one") && after > 0 { after + 1 } else { after }
    }

    /// `fails`: whether the request of that number (from 0) is one of the share. They are spread evenly.
    pub(crate) fn fails(&self, number: u64) -> bool {
        let failed = |n: u64| n.saturating_mul(self.fails) / 100;
        failed(number + 1) > failed(number)
    }

    /// `slow`: how much longer each answer takes.
    pub(crate) fn slow(&self) -> Duration {
        self.slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_a_bug_and_the_set_of_them_is_the_build() {
        let all =
            Bugs::parse("# wrong\nwhole-pounds\n no-email \n\noff-by-one\nfails: 20%\nslow:300ms\nfails: 400%\nwhole");
        assert_eq!((all.fails, all.slow), (20, Duration::from_millis(300)));
        assert_eq!(all.unknown, ["fails: 400%", "whole"]);
        let fewer = Bugs::parse("off-by-one\nno-email");
        assert_eq!(all.build(), Bugs::parse("off-by-one\nno-email\nwhole-pounds").build(), "a bad day is no build");
        assert_ne!(all.build(), fewer.build());
        assert_ne!(fewer.build(), Bugs::default().build());
    }

    #[test]
    fn each_does_what_it_is_called() {
        let right = json!({ "id": "1", "credit_limit": "1200.50", "email": null });
        let spoilt = |bugs: &str| {
            let mut customer = right.clone();
            Bugs::parse(bugs).spoil(&mut customer);
            customer
        };
        assert_eq!(spoilt(""), right);
        assert_eq!(spoilt("whole-pounds"), json!({ "id": "1", "credit_limit": "1200.00", "email": null }));
        assert_eq!(spoilt("no-email"), json!({ "id": "1", "credit_limit": "1200.50" }));
        let late = Bugs::parse("off-by-one");
        assert_eq!((late.begins(0), late.begins(10), Bugs::default().begins(10)), (0, 11, 10));
    }

    #[test]
    fn a_share_fails_evenly() {
        let failed = |share: &str| (0..100).filter(|n| Bugs::parse(share).fails(*n)).collect::<Vec<_>>();
        assert_eq!(failed("fails: 20%").len(), 20);
        assert_eq!(failed("fails: 20%")[..3], [4, 9, 14]);
        assert_eq!((failed("").len(), failed("fails: 100%").len()), (0, 100));
    }
}
