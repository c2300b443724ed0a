//! The server's dates and times, as ours.
//!
//! Invariant: exact, or `None`. A civil time stays civil: nothing here knows a zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

/// Days from 0001-01-01 (the server's first day) to 1970-01-01.
const TO_UNIX: i64 = 719_162;
/// Days from 0001-01-01 to 1900-01-01, where `datetime` begins to count.
const TO_1900: i64 = 693_595;

/// The date so many days after 0001-01-01.
pub(crate) fn date(days: i64) -> Option<Date> {
    if !(0..=3_652_058).contains(&days) {
        return None;
    }
    // Years that begin in March put the leap day last (after Hinnant's civil_from_days).
    let shifted = days + 306;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// The time of day so many nanoseconds after midnight.
fn time_of(nanos: u64) -> Option<Time> {
    let seconds = nanos / 1_000_000_000;
    if seconds >= 86_400 {
        return None;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Time::new(hour as i8, minute as i8, second as i8, (nanos % 1_000_000_000) as i32).ok()
}

/// The time of day so many units of 10^-scale seconds after midnight.
pub(crate) fn time(increments: u64, scale: u8) -> Option<Time> {
    time_of(nanos(increments, scale)?)
}

fn nanos(increments: u64, scale: u8) -> Option<u64> {
    increments.checked_mul(10_u64.checked_pow(9_u32.checked_sub(u32::from(scale))?)?)
}

/// `datetime2`.
pub(crate) fn datetime2(days: u32, increments: u64, scale: u8) -> Option<DateTime> {
    Some(DateTime::from_parts(date(i64::from(days))?, time(increments, scale)?))
}

/// `datetime`: days since 1900 and 1/300 seconds, shown in whole milliseconds as the server shows them (.000, .003, .007).
pub(crate) fn datetime(days: i32, ticks: u32) -> Option<DateTime> {
    let millis = (u64::from(ticks) * 10 + 1) / 3;
    Some(DateTime::from_parts(date(i64::from(days) + TO_1900)?, time_of(millis * 1_000_000)?))
}

/// `smalldatetime`: days since 1900 and minutes.
pub(crate) fn smalldatetime(days: u16, minutes: u16) -> Option<DateTime> {
    Some(DateTime::from_parts(date(i64::from(days) + TO_1900)?, time_of(u64::from(minutes) * 60_000_000_000)?))
}

/// `datetimeoffset`: the wire carries the point in time; the offset it was written with is not kept.
pub(crate) fn instant(days: u32, increments: u64, scale: u8) -> Option<Timestamp> {
    let nanos = nanos(increments, scale)?;
    if nanos >= 86_400_000_000_000 || days > 3_652_058 {
        return None;
    }
    let second = (i64::from(days) - TO_UNIX) * 86_400 + (nanos / 1_000_000_000) as i64;
    Timestamp::new(second, (nanos % 1_000_000_000) as i32).ok()
}

/// Days from 0001-01-01 to that date, which is not before it.
pub(crate) fn days(date: Date) -> Option<u32> {
    let (mut year, mut month) = (i64::from(date.year()), i64::from(date.month()));
    if month <= 2 {
        year -= 1;
        month += 12;
    }
    let day_of_year = (153 * (month - 3) + 2) / 5 + i64::from(date.day()) - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 306;
    u32::try_from(days).ok()
}

/// Units of 100 nanoseconds since midnight: what the server's finest scale holds, and `None` for what it does not.
pub(crate) fn ticks(time: Time) -> Option<u64> {
    let seconds = (time.hour() as u64 * 60 + time.minute() as u64) * 60 + time.second() as u64;
    let nanos = time.subsec_nanosecond() as u64;
    nanos.is_multiple_of(100).then_some(seconds * 10_000_000 + nanos / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_agree_with_the_calendar_there_and_back() {
        let mut day = jiff::civil::date(1, 1, 1);
        for n in (0..=3_652_058_i64).step_by(97) {
            let got = date(n).unwrap();
            assert_eq!(got, day, "{n}");
            assert_eq!(i64::from(days(got).unwrap()), n);
            day = day.saturating_add(jiff::Span::new().days(97));
        }
        assert_eq!(date(3_652_058).unwrap().to_string(), "9999-12-31");
        assert_eq!(date(TO_1900).unwrap().to_string(), "1900-01-01");
        assert_eq!(date(TO_UNIX).unwrap().to_string(), "1970-01-01");
        assert_eq!((date(-1), date(3_652_059)), (None, None));
        assert_eq!(days(jiff::civil::date(0, 12, 31)), None);
    }

    #[test]
    fn datetime_shows_what_the_server_shows() {
        let at = |ticks| datetime(0, ticks).unwrap().to_string();
        assert_eq!(at(0), "1900-01-01T00:00:00");
        assert_eq!(at(1), "1900-01-01T00:00:00.003");
        assert_eq!(at(2), "1900-01-01T00:00:00.007");
        assert_eq!(at(3), "1900-01-01T00:00:00.01");
        assert_eq!(at(25_919_999), "1900-01-01T23:59:59.997");
        assert_eq!(datetime(-53_690, 0).unwrap().to_string(), "1753-01-01T00:00:00");
        assert_eq!(datetime(0, 25_920_000), None, "a day has no more");
        assert_eq!(datetime(i32::MAX, 0), None);
    }

    #[test]
    fn times_keep_every_digit_of_their_scale() {
        assert_eq!(time(863_999_999_999, 7).unwrap().to_string(), "23:59:59.9999999");
        assert_eq!(time(86_399, 0).unwrap().to_string(), "23:59:59");
        assert_eq!((time(86_400, 0), time(u64::MAX, 7), time(0, 10)), (None, None, None));
        assert_eq!(ticks(time(863_999_999_999, 7).unwrap()), Some(863_999_999_999));
        assert_eq!(ticks(Time::constant(0, 0, 0, 1)), None, "finer than the server");
    }

    #[test]
    fn instants_beyond_our_calendar_are_none() {
        assert_eq!(instant(719_162, 0, 7).unwrap(), Timestamp::UNIX_EPOCH);
        assert_eq!(instant(3_652_058, 863_999_999_999, 7), None);
        assert_eq!(instant(0, 0, 7).unwrap().to_string(), "0001-01-01T00:00:00Z");
    }
}
