//! Fields that a consumer goes without for a while.

use banyan_model::draft::Weekly;
use banyan_model::model::EntityNo;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A field that a consumer goes without at these times.
#[derive(Clone, Debug)]
pub struct Brownout {
    /// The consumer's place. `None`: all callers without a name.
    pub consumer: Option<usize>,
    /// The entity.
    pub entity: EntityNo,
    /// The field's place.
    pub field: usize,
    /// The field's name.
    pub name: String,
    /// When.
    pub at: Vec<Weekly>,
    /// In that zone.
    pub zone: TimeZone,
    /// On this day for the last time.
    pub until: Date,
}

impl Brownout {
    /// Whether that caller goes without it now.
    pub fn holds(&self, consumer: Option<usize>, now: Timestamp) -> bool {
        if self.consumer != consumer {
            return false;
        }
        let local = now.to_zoned(self.zone.clone());
        let day = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        local.date() <= self.until && self.at.iter().any(|w| w.holds(day, minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_model::draft::Window;

    #[test]
    fn it_holds_in_its_zone_until_its_last_day() {
        let weekly = Weekly { day: Some(0), window: Window { from: 540, to: 600 } };
        let brownout = Brownout {
            consumer: Some(1),
            entity: 0,
            field: 2,
            name: "fax".to_owned(),
            at: vec![weekly],
            zone: TimeZone::get("Europe/London").unwrap(),
            until: "2027-06-28".parse().unwrap(),
        };
        let holds = |at: &str| brownout.holds(Some(1), at.parse().unwrap());
        // A Monday in summer: London is an hour ahead of UTC.
        assert!(holds("2027-06-28T08:00:00Z") && holds("2027-06-28T08:59:59Z"));
        assert!(!holds("2027-06-28T09:00:00Z") && !holds("2027-06-28T07:59:59Z"));
        assert!(holds("2027-01-04T09:30:00Z") && !holds("2027-01-04T08:30:00Z"), "in winter it is not");
        assert!(!holds("2027-06-29T08:30:00Z") && !holds("2027-07-05T08:30:00Z"), "another day, and after the last");
        assert!(!brownout.holds(None, "2027-06-28T08:00:00Z".parse().unwrap()));
        assert!(!brownout.holds(Some(0), "2027-06-28T08:00:00Z".parse().unwrap()));
    }
}
