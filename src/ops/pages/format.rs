//! Numbers and times for people.

pub(super) use crate::ops::view::duration;

use super::html::Html;
use jiff::Timestamp;

/// With commas between thousands.
pub(super) fn count(n: impl Into<i128>) -> String {
    let n = n.into();
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Bytes in the largest unit that keeps a digit before the point.
pub(super) fn bytes(n: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} bytes") } else { format!("{value:.1} {}", units[unit]) }
}

/// Records a second.
pub(super) fn rate(r: f64) -> String {
    if r >= 10.0 { count(r.round() as i64) } else { format!("{r:.1}") }
}

/// A moment (RFC 3339) as "3 min ago", with the moment itself beside it.
pub(super) fn ago(h: &mut Html, moment: &str, now: Timestamp) {
    let said = match moment.parse::<Timestamp>() {
        Ok(at) => {
            let seconds = now.as_second() - at.as_second();
            if seconds < 0 { format!("in {}", duration(-seconds)) } else { format!("{} ago", duration(seconds)) }
        }
        Err(_) => moment.to_owned(),
    };
    h.raw("<time datetime=\"").text(moment).raw("\" title=\"").text(moment).raw("\">").text(said).raw("</time>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(0), count(999), count(1_000), count(-1_234_567)], ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!(
            [duration(59), duration(61), duration(7_300), duration(200_000), duration(3_600)],
            ["59 s", "1 min", "2 h 1 min", "2 d 7 h", "1 h"]
        );
        assert_eq!([bytes(10), bytes(1536), bytes(5 << 30)], ["10 bytes", "1.5 KiB", "5.0 GiB"]);
    }
}
