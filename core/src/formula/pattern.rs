//! Patterns of dates and times: `dd.MM.yyyy`, `CYYMMDD`, `yyMMdd pivot 50`, `HH:mm:ss.SSS`.
//!
//! Invariant: a pattern reads exactly what it writes, digit for digit, and only dates that exist.

use super::moments::Moment;
use banyan_words::Value;
use jiff::civil;
use std::fmt::Write as _;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What a pattern may hold: letters, what they stand for, an example. The reference page prints it.
pub(crate) const LETTERS: [(&str, &str, &str); 14] = [
    ("yyyy", "year, four digits", "2019"),
    ("yy", "year, two digits; the pattern must end in ` pivot NN`: smaller years are 20yy, the others 19yy", "19"),
    ("CYY", "century (0: 1900, 1: 2000) and year, as AS/400 dates have it: `CYYMMDD`", "119"),
    ("MM", "month, two digits", "04"),
    ("M", "month, one or two digits", "4"),
    ("MMM", "month, English short name, any case", "Apr"),
    ("dd", "day, two digits", "01"),
    ("d", "day, one or two digits", "1"),
    ("HH", "hour 00 to 23", "09"),
    ("H", "hour, one or two digits", "9"),
    ("mm", "minute", "30"),
    ("ss", "second", "00"),
    ("S…", "fraction of a second, as many digits as letters, up to nine", "250"),
    ("'…'", "text as it is; signs and blanks need no quotes", "'T'"),
];

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    source: String,
    /// Empty for ISO form.
    items: Vec<Item>,
    pivot: i16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Year4,
    Year2,
    CenturyYear,
    /// Least and most digits.
    Month(usize, usize),
    MonthName,
    Day(usize, usize),
    Hour(usize, usize),
    Minute,
    Second,
    Fraction(usize),
    Literal(char),
}

/// The parts while they are read.
#[derive(Default)]
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
}

impl Pattern {
    /// ISO 8601: `2019-04-01`, `09:30[:00[.25]]`, `2019-04-01T09:30`, a blank for the `T` allowed.
    pub(crate) fn iso() -> Pattern {
        Pattern { source: "ISO 8601".to_owned(), items: Vec::new(), pivot: 0 }
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
        let (letters, pivot) = match text.split_once(" pivot ") {
            Some((p, n)) => (
                p,
                Some(
                    n.parse::<i16>()
                        .ok()
                        .filter(|n| (0..=100).contains(n))
                        .ok_or("a pivot is a number from 0 to 100")?,
                ),
            ),
            None => (text, None),
        };
        let items = if letters == "CYYMMDD" {
            vec![Item::CenturyYear, Item::Month(2, 2), Item::Day(2, 2)]
        } else {
            items(letters)?
        };
        match (items.contains(&Item::Year2), pivot) {
            (true, None) => {
                Err("a two-digit year needs a pivot: \"yyMMdd pivot 50\" reads 49 as 2049 and 50 as 1950".to_owned())
            }
            (false, Some(_)) => Err("a pivot belongs to a two-digit year".to_owned()),
            _ if items.is_empty() => Err("a pattern is not empty".to_owned()),
            _ => Ok(Pattern { source: text.to_owned(), items, pivot: pivot.unwrap_or(0) }),
        }
    }

    /// Says what a pattern lacks, or has too much of, to read a date, a time or both.
    pub(crate) fn lacks(&self, what: Moment) -> Option<&'static str> {
        let has = |f: fn(&Item) -> bool| self.items.is_empty() || self.items.iter().any(f);
        let year = has(|i| matches!(i, Item::Year4 | Item::Year2 | Item::CenturyYear));
        let month = has(|i| matches!(i, Item::Month(..) | Item::MonthName));
        let day = has(|i| matches!(i, Item::Day(..)));
        let (hour, minute) = (has(|i| matches!(i, Item::Hour(..))), has(|i| matches!(i, Item::Minute)));
        let date = year && month && day;
        let time = |i: &Item| matches!(i, Item::Hour(..) | Item::Minute | Item::Second | Item::Fraction(_));
        let twice = self.items.iter().enumerate().any(|(n, i)| {
            !matches!(i, Item::Literal(_))
                && self.items.iter().skip(n + 1).any(|j| std::mem::discriminant(i) == std::mem::discriminant(j))
        });
        match what {
            _ if twice => Some("a part stands in the pattern twice"),
            Moment::Date if !date => Some("a date needs year, month and day"),
            Moment::Date if self.items.iter().any(time) => Some("a date has no time of day: say DATE(DATETIME(…))"),
            Moment::Time if !(hour && minute) => Some("a time needs hours and minutes"),
            Moment::Time if self.items.iter().any(|i| !time(i) && !matches!(i, Item::Literal(_))) => {
                Some("a time has no date: say TIME(DATETIME(…))")
            }
            Moment::DateTime if !(date && hour && minute) => {
                Some("a datetime needs year, month, day, hours and minutes")
            }
            _ => None,
        }
    }

    /// Whether it has parts of a date, and of a time.
    pub(crate) fn needs(&self) -> (bool, bool) {
        let time = |i: &Item| matches!(i, Item::Hour(..) | Item::Minute | Item::Second | Item::Fraction(_));
        let date = |i: &Item| !time(i) && !matches!(i, Item::Literal(_));
        (self.items.iter().any(date), self.items.iter().any(time))
    }

    /// How many digits a number must have to be read by this pattern; `None` if it is not made of digits alone.
    pub(crate) fn digits(&self) -> Option<usize> {
        self.items
            .iter()
            .map(|i| match i {
                Item::Year4 => Some(4),
                Item::Year2 | Item::Minute | Item::Second => Some(2),
                Item::CenturyYear => Some(3),
                Item::Month(2, 2) | Item::Day(2, 2) | Item::Hour(2, 2) => Some(2),
                Item::Fraction(n) => Some(*n),
                _ => None,
            })
            .sum::<Option<usize>>()
            .filter(|n| *n > 0)
    }

    /// Reads a text; `None` if it is not of this form or no such moment exists.
    pub(crate) fn read(&self, what: Moment, text: &str) -> Option<Value<'static>> {
        let mut p = Parts::default();
        let rest = if self.items.is_empty() {
            iso(what, text.as_bytes(), &mut p)?
        } else {
            self.items.iter().try_fold(text.as_bytes(), |rest, item| self.item(*item, rest, &mut p))?
        };
        if !rest.is_empty() {
            return None;
        }
        let date = || civil::Date::new(p.year, p.month, p.day).ok();
        let time = || civil::Time::new(p.hour, p.minute, p.second, p.nanosecond).ok();
        Some(match what {
            Moment::Date => Value::Date(date()?),
            Moment::Time => Value::Time(time()?),
            Moment::DateTime => Value::DateTime(date()?.to_datetime(time()?)),
        })
    }

    fn item<'t>(&self, item: Item, at: &'t [u8], p: &mut Parts) -> Option<&'t [u8]> {
        Some(match item {
            Item::Year4 => take(at, 4, 4, |n| p.year = n as i16)?,
            Item::Year2 => take(at, 2, 2, |n| p.year = n as i16 + if (n as i16) < self.pivot { 2000 } else { 1900 })?,
            Item::CenturyYear => {
                let (c, rest) = at.split_first()?;
                let century = match c {
                    b'0' => 1900,
                    b'1' => 2000,
                    _ => return None,
                };
                take(rest, 2, 2, |n| p.year = century + n as i16)?
            }
            Item::Month(least, most) => take(at, least, most, |n| p.month = n as i8)?,
            Item::MonthName => {
                let (name, rest) = at.split_at_checked(3)?;
                p.month = MONTHS.iter().position(|m| m.as_bytes().eq_ignore_ascii_case(name))? as i8 + 1;
                rest
            }
            Item::Day(least, most) => take(at, least, most, |n| p.day = n as i8)?,
            Item::Hour(least, most) => take(at, least, most, |n| p.hour = n as i8)?,
            Item::Minute => take(at, 2, 2, |n| p.minute = n as i8)?,
            Item::Second => take(at, 2, 2, |n| p.second = n as i8)?,
            Item::Fraction(n) => take(at, n, n, |f| p.nanosecond = f * 10_i32.pow(9_u32.saturating_sub(n as u32)))?,
            Item::Literal(c) => {
                let mut buf = [0; 4];
                at.strip_prefix(c.encode_utf8(&mut buf).as_bytes())?
            }
        })
    }

    /// Writes a moment; `None` if it has not all the parts.
    pub(crate) fn show(&self, v: &Value<'_>) -> Option<String> {
        let (date, time) = match v {
            Value::Date(d) => (Some(*d), None),
            Value::Time(t) => (None, Some(*t)),
            Value::DateTime(t) => (Some(t.date()), Some(t.time())),
            _ => return None,
        };
        let mut out = String::new();
        for item in &self.items {
            let _ = match item {
                Item::Year4 => write!(out, "{:04}", date?.year()),
                Item::Year2 => write!(out, "{:02}", date?.year().rem_euclid(100)),
                Item::CenturyYear => match date?.year() {
                    y @ 1900..=2099 => write!(out, "{:03}", y - 1900),
                    _ => return None,
                },
                Item::Month(least, _) => write!(out, "{:01$}", date?.month(), least),
                Item::MonthName => write!(out, "{}", MONTHS.get(usize::from(date?.month().unsigned_abs()) - 1)?),
                Item::Day(least, _) => write!(out, "{:01$}", date?.day(), least),
                Item::Hour(least, _) => write!(out, "{:01$}", time?.hour(), least),
                Item::Minute => write!(out, "{:02}", time?.minute()),
                Item::Second => write!(out, "{:02}", time?.second()),
                Item::Fraction(n) => {
                    write!(out, "{:01$}", time?.subsec_nanosecond() / 10_i32.pow(9_u32.saturating_sub(*n as u32)), n)
                }
                Item::Literal(c) => write!(out, "{c}"),
            };
        }
        Some(out)
    }
}

/// Takes `least` to `most` digits off the front.
fn take(at: &[u8], least: usize, most: usize, set: impl FnOnce(i32)) -> Option<&[u8]> {
    let n = at.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    if n < least {
        return None;
    }
    let (digits, rest) = at.split_at_checked(n)?;
    set(digits.iter().fold(0_i32, |v, b| v * 10 + i32::from(b - b'0')));
    Some(rest)
}

fn items(text: &str) -> Result<Vec<Item>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            let (literal, after) = rest.get(1..).and_then(|r| r.split_once('\'')).ok_or("a quoted part has no end")?;
            out.extend(literal.chars().map(Item::Literal));
            rest = after;
            continue;
        }
        let n = rest.chars().take_while(|x| *x == c).count();
        let run = n * c.len_utf8();
        match (c, n) {
            ('y', 4) => out.push(Item::Year4),
            ('y', 2) => out.push(Item::Year2),
            ('M', 1 | 2) => out.push(Item::Month(n, 2)),
            ('M', 3) => out.push(Item::MonthName),
            ('d', 1 | 2) => out.push(Item::Day(n, 2)),
            ('H', 1 | 2) => out.push(Item::Hour(n, 2)),
            ('m', 2) => out.push(Item::Minute),
            ('s', 2) => out.push(Item::Second),
            ('S', 1..=9) => out.push(Item::Fraction(n)),
            (c, _) if c.is_alphanumeric() => return Err(unknown(rest.get(..run).unwrap_or(""), c)),
            _ => out.extend(std::iter::repeat_n(Item::Literal(c), n)),
        }
        rest = rest.get(run..).unwrap_or("");
    }
    Ok(out)
}

fn unknown(part: &str, c: char) -> String {
    let hint = match c {
        'Y' | 'D' => "; years are yyyy and days dd, in small letters",
        'h' => "; hours are HH",
        _ => "; see the list of date patterns, or put plain text in single quotes",
    };
    format!("'{part}' means nothing in a pattern{hint}")
}

/// ISO form without pattern: the seconds and their fraction may be left out.
fn iso<'t>(what: Moment, at: &'t [u8], p: &mut Parts) -> Option<&'t [u8]> {
    let mut at = at;
    if what != Moment::Time {
        at = take(at, 4, 4, |n| p.year = n as i16)?.strip_prefix(b"-")?;
        at = take(at, 2, 2, |n| p.month = n as i8)?.strip_prefix(b"-")?;
        at = take(at, 2, 2, |n| p.day = n as i8)?;
    }
    if what == Moment::Date {
        return Some(at);
    }
    if what == Moment::DateTime {
        at = at.strip_prefix(b"T").or_else(|| at.strip_prefix(b" "))?;
    }
    at = take(at, 2, 2, |n| p.hour = n as i8)?.strip_prefix(b":")?;
    at = take(at, 2, 2, |n| p.minute = n as i8)?;
    let Some(seconds) = at.strip_prefix(b":") else { return Some(at) };
    at = take(seconds, 2, 2, |n| p.second = n as i8)?;
    let Some(fraction) = at.strip_prefix(b".") else { return Some(at) };
    let rest = take(fraction, 1, 9, |_| {})?;
    let n = fraction.len() - rest.len();
    take(fraction, n, n, |f| p.nanosecond = f * 10_i32.pow(9_u32.saturating_sub(n as u32)))
}

#[cfg(test)]
mod tests {
    use super::super::outcome::show;
    use super::*;

    fn date(pattern: &str, text: &str) -> Option<String> {
        Pattern::parse(pattern).unwrap().read(Moment::Date, text).map(|v| show(&v))
    }

    #[test]
    fn reads_the_common_forms() {
        for (pattern, text, want) in [
            ("yyyy-MM-dd", "2019-04-01", "2019-04-01"),
            ("dd.MM.yyyy", "01.04.2019", "2019-04-01"),
            ("d/M/yyyy", "1/4/2019", "2019-04-01"),
            ("yyyyMMdd", "20240229", "2024-02-29"),
            ("CYYMMDD", "1190401", "2019-04-01"),
            ("CYYMMDD", "0991231", "1999-12-31"),
            ("yyMMdd pivot 50", "490101", "2049-01-01"),
            ("yyMMdd pivot 50", "500101", "1950-01-01"),
            ("dd-MMM-yyyy", "01-apr-2019", "2019-04-01"),
        ] {
            assert_eq!(date(pattern, text).as_deref(), Some(want), "{pattern} {text}");
        }
    }

    #[test]
    fn refuses_what_is_not_of_the_form_or_does_not_exist() {
        for (pattern, text) in [
            ("yyyy-MM-dd", "2019-4-01"),
            ("yyyy-MM-dd", "2019-02-29"),
            ("yyyy-MM-dd", "2019-04-01 "),
            ("yyyy-MM-dd", "２０１９-04-01"),
            ("yyyyMMdd", "00000000"),
            ("yyyyMMdd", ""),
            ("CYYMMDD", "2190401"),
            ("dd-MMM-yyyy", "01-Mai-2019"),
        ] {
            assert_eq!(date(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_are_checked() {
        for bad in ["", "yyMMdd", "YYYY-MM-DD", "yyyyMMdd pivot 50", "yyMMdd pivot x", "hh:mm", "yyy", "'T"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        assert!(Pattern::parse("yyyy-MM").unwrap().lacks(Moment::Date).is_some());
        assert!(Pattern::parse("yyyy-MM-dd HH:mm").unwrap().lacks(Moment::Date).is_some());
        assert!(Pattern::parse("yyyy-MM-dd").unwrap().lacks(Moment::DateTime).is_some());
        assert!(Pattern::parse("yyyy-yyyy-MM-dd").unwrap().lacks(Moment::Date).is_some());
    }

    #[test]
    fn times_have_fractions() {
        let p = Pattern::parse("yyyy-MM-dd HH:mm:ss.SSS").unwrap();
        let v = p.read(Moment::DateTime, "2020-01-07 09:30:05.250").unwrap();
        assert_eq!(show(&v), "2020-01-07T09:30:05.25");
        assert_eq!(p.show(&v).unwrap(), "2020-01-07 09:30:05.250");
        let iso = Pattern::iso();
        for ok in ["2020-01-07T09:30", "2020-01-07 09:30:05", "2020-01-07T09:30:05.123456789"] {
            assert!(iso.read(Moment::DateTime, ok).is_some(), "{ok}");
        }
        for bad in ["2020-01-07", "2020-01-07T09", "2020-01-07T09:30:", "2020-01-07T09:30Z", "2020-01-07T24:00"] {
            assert!(iso.read(Moment::DateTime, bad).is_none(), "{bad}");
        }
    }
}
