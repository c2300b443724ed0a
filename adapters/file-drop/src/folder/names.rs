//! What a file's name says: `contacts_{date:yyyyMMdd}_{part}.csv`.

use jiff::civil::DateTime;

/// A pattern for a file's name (without its folder): text, `*`, `{date:…}` and `{part}`.
#[derive(Clone, Debug)]
pub struct NamePattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Any,
    Part,
    Date(Vec<Unit>),
}

#[derive(Clone, Debug, PartialEq)]
enum Unit {
    Digits { what: char, width: usize },
    Text(char),
}

/// What was found in a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The date, if the pattern has one.
    pub date: Option<DateTime>,
    /// The part, if the pattern has one.
    pub part: Option<String>,
}

impl NamePattern {
    /// Reads a pattern; else what is wrong with it.
    pub fn parse(text: &str) -> Result<NamePattern, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(n) = rest.find(['{', '*']) {
            push_text(&mut pieces, &rest[..n]);
            if rest[n..].starts_with('*') {
                pieces.push(Piece::Any);
                rest = &rest[n + 1..];
                continue;
            }
            let end = rest[n..].find('}').ok_or_else(|| format!("`{text}`: a `}}` is missing"))? + n;
            pieces.push(match rest[n + 1..end].split_once(':') {
                None if &rest[n + 1..end] == "part" => Piece::Part,
                Some(("date", format)) => Piece::Date(units(format)?),
                _ => return Err(format!("`{text}`: in braces stands `{{date:yyyyMMdd}}` or `{{part}}`")),
            });
            rest = &rest[end + 1..];
        }
        push_text(&mut pieces, rest);
        let count = |f: fn(&Piece) -> bool| pieces.iter().filter(|p| f(p)).count();
        if count(|p| matches!(p, Piece::Date(_))) > 1 || count(|p| *p == Piece::Part) > 1 {
            return Err(format!("`{text}`: `{{date:…}}` and `{{part}}` stand there once"));
        }
        Ok(NamePattern { pieces })
    }

    /// True if names give a date.
    pub fn has_date(&self) -> bool {
        self.pieces.iter().any(|p| matches!(p, Piece::Date(_)))
    }

    /// True if names give a part.
    pub fn has_part(&self) -> bool {
        self.pieces.contains(&Piece::Part)
    }

    /// What a name says; `None` if it does not fit.
    pub fn read(&self, name: &str) -> Option<Named> {
        let mut found = Found::default();
        if !fit(&self.pieces, name, &mut found) {
            return None;
        }
        let date = if self.has_date() { Some(found.date()?) } else { None };
        Some(Named { date, part: found.part })
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// Reads `yyyyMMdd`, `yyyy-MM-dd_HHmm` and the like. A year has four digits: two would be a guess.
fn units(format: &str) -> Result<Vec<Unit>, String> {
    let mut units = Vec::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let width = rest.chars().take_while(|x| *x == c).count();
        let known = matches!((c, width), ('y', 4) | ('M' | 'd' | 'H' | 'm' | 's', 2));
        if known {
            units.push(Unit::Digits { what: c, width });
            rest = &rest[width..];
        } else if c.is_ascii_alphabetic() {
            return Err(format!("`{format}`: a date is written with yyyy, MM, dd, HH, mm and ss"));
        } else {
            units.push(Unit::Text(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    let has = |c: char| units.iter().any(|u| matches!(u, Unit::Digits { what, .. } if *what == c));
    if has('y') && has('M') && has('d') { Ok(units) } else { Err(format!("`{format}` lacks yyyy, MM or dd")) }
}

#[derive(Clone, Default)]
struct Found {
    numbers: Vec<(char, i16)>,
    part: Option<String>,
}

impl Found {
    fn date(&self) -> Option<DateTime> {
        let get = |c: char| self.numbers.iter().find(|(w, _)| *w == c).map(|(_, n)| *n);
        let small = |c: char| get(c).map_or(Some(0), |n| i8::try_from(n).ok());
        DateTime::new(get('y')?, small('M')?, small('d')?, small('H')?, small('m')?, small('s')?, 0).ok()
    }
}

fn fit(pieces: &[Piece], name: &str, found: &mut Found) -> bool {
    match pieces.split_first() {
        None => name.is_empty(),
        Some((Piece::Text(t), rest)) => name.strip_prefix(t.as_str()).is_some_and(|n| fit(rest, n, found)),
        Some((Piece::Date(units), rest)) => {
            let before = found.clone();
            if let Some(n) = date(units, name, found)
                && fit(rest, n, found)
            {
                return true;
            }
            *found = before;
            false
        }
        Some((piece, rest)) => ends(name).any(|at| {
            if *piece == Piece::Part {
                if at == 0 {
                    return false;
                }
                found.part = Some(name[..at].to_owned());
            }
            fit(rest, &name[at..], found)
        }),
    }
}

/// Every place where a character ends, the front included.
fn ends(name: &str) -> impl Iterator<Item = usize> {
    name.char_indices().map(|(i, _)| i).chain([name.len()])
}

fn date<'n>(units: &[Unit], name: &'n str, found: &mut Found) -> Option<&'n str> {
    let mut rest = name;
    for unit in units {
        match unit {
            Unit::Text(c) => rest = rest.strip_prefix(*c)?,
            Unit::Digits { what, width } => {
                let digits = rest.get(..*width).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
                found.numbers.push((*what, digits.parse().ok()?));
                rest = &rest[*width..];
            }
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn names_give_date_and_part() {
        let p = NamePattern::parse("contacts_{date:yyyyMMdd}_{part}.csv").unwrap();
        let found = p.read("contacts_20260131_north.csv").unwrap();
        assert_eq!(found.date.unwrap(), date(2026, 1, 31).at(0, 0, 0, 0));
        assert_eq!(found.part.as_deref(), Some("north"));
        for no in ["contacts_20260231_north.csv", "contacts_2026013_north.csv", "contacts_20260131_.csv", "x"] {
            assert_eq!(p.read(no), None, "{no}");
        }
        let p = NamePattern::parse("*_{date:yyyy-MM-dd_HHmm}*").unwrap();
        assert_eq!(p.read("a_b_2026-01-31_0930.csv.gz").unwrap().date.unwrap(), date(2026, 1, 31).at(9, 30, 0, 0));
    }

    #[test]
    fn patterns_that_would_guess_are_refused() {
        for bad in ["{date:yyMMdd}", "{date:MMdd}", "{day}", "{date", "{part}{part}", "{date:yyyyMMdd}{date:yyyyMMdd}"]
        {
            assert!(NamePattern::parse(bad).is_err(), "{bad}");
        }
    }
}
