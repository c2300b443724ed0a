//! Values to the JSON the facade shows.

use banyan_words::Value;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Appends the JSON of a value. A local date and time carries its configured zone as an offset (DESIGN section 7): a
/// time that the clock skipped is refused, of a time that came twice the earlier is meant (section 5, Types).
pub fn write_fragment(v: &Value<'_>, zone: Option<&TimeZone>, out: &mut Vec<u8>) -> Result<(), String> {
    match (v, zone) {
        (Value::DateTime(t), Some(zone)) => {
            let ambiguous = zone.to_ambiguous_zoned(*t);
            let offset = match ambiguous.offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Fold { before, .. } => before,
                AmbiguousOffset::Gap { .. } => {
                    let name = zone.iana_name().unwrap_or("its zone");
                    return Err(format!("{t} does not exist in {name}: the clocks were put forward over it"));
                }
            };
            out.push(b'"');
            out.extend_from_slice(t.to_string().as_bytes());
            if offset.seconds() == 0 {
                out.push(b'Z');
            } else {
                let (sign, s) = if offset.seconds() < 0 { ('-', -offset.seconds()) } else { ('+', offset.seconds()) };
                out.extend_from_slice(format!("{sign}{:02}:{:02}", s / 3600, s / 60 % 60).as_bytes());
            }
            out.push(b'"');
        }
        (Value::List(items), Some(_)) => {
            out.push(b'[');
            for (i, v) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_fragment(v, zone, out)?;
            }
            out.push(b']');
        }
        (Value::Object(members), Some(_)) => {
            out.push(b'{');
            for (i, (k, v)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                banyan_words::value::write_json_text(k, out);
                out.push(b':');
                write_fragment(v, zone, out)?;
            }
            out.push(b'}');
        }
        _ => v.write_json(out),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(t: &str) -> Result<String, String> {
        let zone = TimeZone::get("Europe/London").unwrap();
        let mut out = Vec::new();
        write_fragment(&Value::DateTime(t.parse().unwrap()), Some(&zone), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_local_time_carries_its_zone() {
        assert_eq!(show("2025-01-11T11:15:07.263").unwrap(), "\"2025-01-11T11:15:07.263Z\"");
        assert_eq!(show("2025-07-11T11:15:07").unwrap(), "\"2025-07-11T11:15:07+01:00\"");
    }

    #[test]
    fn a_skipped_time_is_refused_and_of_a_doubled_one_the_earlier_is_meant() {
        assert!(show("2025-03-30T01:30:00").unwrap_err().contains("put forward"));
        assert_eq!(show("2025-10-26T01:30:00").unwrap(), "\"2025-10-26T01:30:00+01:00\"");
    }
}
