//! Dates, times and points in time.

use super::super::ast::Kind;
use super::super::check::{Arg, Call, Checked, Checker, Weight};
use super::super::eval::{Cx, R};
use super::super::moments::{Moment, Pattern, joined};
use super::super::outcome::Code;
use super::super::plan::{Node, Step, Tool, Unit};
use super::{Body, Fault, Function, Gives, PASSES, take};
use banyan_words::{Type, Value};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const NO_DATE: Fault =
    Fault::new(Code::BadType, Weight::Warn, "the text is not of that form, or there is no such day or time");

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "DATE",
        signature: "DATE(value [, \"pattern\"])",
        result: "date",
        about: "A date of a text, of a number whose digits follow the pattern, or of a datetime. Without a pattern the form is `2019-04-01`. Blanks around it are ignored; the dataset's null dates give NULL.",
        absent: PASSES,
        fails: &[NO_DATE],
        examples: &[
            ("DATE(OPENDT, \"CYYMMDD\")", "2019-04-01"),
            ("DATE(990401, \"CYYMMDD\")", "1999-04-01"),
            ("DATE(\"31.12.2026\", \"dd.MM.yyyy\")", "2026-12-31"),
            ("DATE(\"490101\", \"yyMMdd pivot 50\")", "2049-01-01"),
            ("DATE(\"31.02.2026\", \"dd.MM.yyyy\") ELSE NULL", "NULL"),
            ("DATE(\"99999999\", \"yyyyMMdd\")", "NULL"),
        ],
        arity: (1, 2),
        body: Body::Special(date),
    },
    Function {
        name: "TIME",
        signature: "TIME(value [, \"pattern\"])",
        result: "time",
        about: "A time of day. Without a pattern the form is `09:30`, `09:30:00` or `09:30:00.25`.",
        absent: PASSES,
        fails: &[NO_DATE],
        examples: &[("TIME(\"093000\", \"HHmmss\")", "09:30:00"), ("TIME(STAMP)", "01:30:00")],
        arity: (1, 2),
        body: Body::Special(time),
    },
    Function {
        name: "DATETIME",
        signature: "DATETIME(value [, \"pattern\"]) or DATETIME(date, time)",
        result: "datetime",
        about: "A date and time without a zone. Without a pattern the form is ISO 8601, `2019-04-01T09:30:00` or with a blank for the T.",
        absent: PASSES,
        fails: &[NO_DATE],
        examples: &[
            ("DATETIME(\"2020-01-07 00:00:00.000\")", "2020-01-07T00:00:00"),
            ("DATETIME(\"07/01/2020 09:30\", \"dd/MM/yyyy HH:mm\")", "2020-01-07T09:30:00"),
            ("DATETIME(DATE(\"2020-01-07\"), TIME(\"0930\", \"HHmm\"))", "2020-01-07T09:30:00"),
        ],
        arity: (1, 2),
        body: Body::Special(datetime),
    },
    Function {
        name: "INSTANT",
        signature: "INSTANT(datetime [, \"zone\"])",
        result: "instant",
        about: "The point in time of a local time in a zone, that of the source unless one is given; or of a text that carries its offset. A time that the clocks skipped fails; of a time that came twice the earlier is meant.",
        absent: PASSES,
        fails: &[Fault::new(Code::BadType, Weight::Warn, "the clocks skipped this time")],
        examples: &[
            ("INSTANT(DATETIME(\"2026-07-01 12:00\"))", "2026-07-01T11:00:00Z"),
            ("INSTANT(STAMP, \"Europe/Berlin\")", "2026-03-29T00:30:00Z"),
            ("INSTANT(STAMP) ELSE REJECT \"skipped-time\"", "REJECT \"skipped-time\""),
            ("INSTANT(\"2026-07-01T12:00:00+02:00\")", "2026-07-01T10:00:00Z"),
        ],
        arity: (1, 2),
        body: Body::Special(instant),
    },
    Function {
        name: "YEAR",
        signature: "YEAR(date)",
        result: "integer",
        about: "The year of a date or datetime.",
        absent: PASSES,
        fails: &[],
        examples: &[("YEAR(STAMP)", "2026")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::Day], gives: Gives::Integer, run: year },
    },
    Function {
        name: "MONTH",
        signature: "MONTH(date)",
        result: "integer",
        about: "The month, 1 to 12.",
        absent: PASSES,
        fails: &[],
        examples: &[("MONTH(STAMP)", "3")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::Day], gives: Gives::Integer, run: month },
    },
    Function {
        name: "DAY",
        signature: "DAY(date)",
        result: "integer",
        about: "The day of the month.",
        absent: PASSES,
        fails: &[],
        examples: &[("DAY(STAMP)", "29")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::Day], gives: Gives::Integer, run: day },
    },
    Function {
        name: "DATEADD",
        signature: "DATEADD(date, n, \"day\" | \"week\" | \"month\" | \"year\")",
        result: "as its first argument",
        about: "The date n days, weeks, months or years later; earlier if n is negative. A month's end stays within the month.",
        absent: PASSES,
        fails: &[Fault::new(Code::Overflow, Weight::Silent, "the year has more than four digits")],
        examples: &[
            ("DATEADD(DATE(\"2026-01-31\"), 1, \"month\") ELSE NULL", "2026-02-28"),
            ("DATEADD(STAMP, -1, \"day\")", "2026-03-28T01:30:00"),
        ],
        arity: (3, 3),
        body: Body::Special(date_add),
    },
];

fn date(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    read(c, call, Moment::Date, Type::Date, |t| matches!(t, Type::Date | Type::DateTime))
}

fn time(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    read(c, call, Moment::Time, Type::Time, |t| matches!(t, Type::Time | Type::DateTime))
}

fn datetime(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    if let [date, time] = call.args
        && !matches!(time.kind, Kind::Text(_) | Kind::Bad)
    {
        let (d, t) = (c.expr(date, None), c.expr(time, None));
        let fine = |c: &Checked, ty: Type| c.ty.as_ref().is_none_or(|x| *x == ty || *x == Type::Any);
        if !fine(&d, Type::Date) || !fine(&t, Type::Time) {
            let said = "DATETIME joins a date and a time, or reads a text by a pattern in quotes".to_owned();
            c.error("wrong-type", call.span, said, Some("DATETIME(DATE(…), TIME(…))".to_owned()));
        }
        if [&d, &t].iter().any(|x| x.ty == Some(Type::Any)) {
            c.can_fail(call.span, Code::BadType, Weight::Warn, "whether they are date and time is not known");
        }
        return c.strict(call.span, joined, vec![d.node, t.node], Some(Type::DateTime));
    }
    read(c, call, Moment::DateTime, Type::DateTime, |t| matches!(t, Type::DateTime))
}

fn read(c: &mut Checker<'_>, call: &Call<'_>, what: Moment, ty: Type, sure: fn(&Type) -> bool) -> Checked {
    let Some(first) = call.args.first() else { return c.nothing(call.span) };
    let arg = c.expr(first, None);
    let text = matches!(arg.ty, Some(Type::Text | Type::Enum(_) | Type::Any));
    let number = matches!(arg.ty, Some(Type::Integer | Type::Decimal { .. }));
    if let Some(t) = &arg.ty {
        if !sure(t) && !text && !number {
            c.error(
                "wrong-type",
                first.span,
                format!("{} is {}, of which no {} is made", first.span.of(c.text), t.word(), what.word()),
                None,
            );
        } else if !sure(t) {
            c.fails(call);
        }
    }
    let pattern = match call.args.get(1) {
        None if number => {
            let hint = "say which digits are the year: DATE(number, \"yyyyMMdd\") or \"CYYMMDD\"".to_owned();
            c.error(
                "needs-pattern",
                call.span,
                format!("a number is no {} without a pattern", what.word()),
                Some(hint),
            );
            Pattern::iso()
        }
        None => Pattern::iso(),
        Some(e) => {
            let Some(p) = c.literal(call, 1, "pattern") else { return c.nothing(call.span) };
            match Pattern::parse(p) {
                Ok(p) => {
                    if let Some(said) = p.lacks(what) {
                        c.error("bad-pattern", e.span, said.to_owned(), None);
                    }
                    p
                }
                Err(said) => {
                    c.error("bad-pattern", e.span, said, None);
                    return c.nothing(call.span);
                }
            }
        }
    };
    let step = Step::With(Box::new(arg.node), Box::new(Tool::ReadMoment(what, pattern)));
    Checked { node: Node { span: call.span, step }, ty: Some(ty), words: None }
}

fn instant(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some(first) = call.args.first() else { return c.nothing(call.span) };
    let arg = c.expr(first, None);
    let local = match &arg.ty {
        None | Some(Type::Instant) => false,
        Some(Type::DateTime | Type::Any) => true,
        // A text carries its offset, so no zone is needed.
        Some(Type::Text | Type::Enum(_)) => false,
        Some(t) => {
            let said = format!("{} is {}, of which no point in time is made", first.span.of(c.text), t.word());
            c.error("wrong-type", first.span, said, Some("INSTANT(DATETIME(…))".to_owned()));
            return c.nothing(call.span);
        }
    };
    if !matches!(arg.ty, None | Some(Type::Instant)) {
        c.fails(call);
    }
    let name = if call.args.len() > 1 { c.literal(call, 1, "zone") } else { c.scope.zone };
    let span = call.args.get(1).map_or(call.span, |a| a.span);
    let zone = match name {
        Some(n) => TimeZone::get(n).unwrap_or_else(|_| {
            let hint = "zones have names such as Europe/London".to_owned();
            c.error("unknown-zone", span, format!("there is no time zone {n}"), Some(hint));
            TimeZone::UTC
        }),
        None => {
            if local && call.args.len() < 2 {
                let hint = "give the source a zone, or say INSTANT(datetime, \"Europe/London\")".to_owned();
                c.error(
                    "needs-zone",
                    call.span,
                    "a local time is no point in time without a zone".to_owned(),
                    Some(hint),
                );
            }
            TimeZone::UTC
        }
    };
    let step = Step::With(Box::new(arg.node), Box::new(Tool::Instant(zone)));
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Instant), words: None }
}

fn date_add(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let [day, n, _] = call.args else { return c.nothing(call.span) };
    let (day, n) = (c.arg(day, Arg::Day), c.arg(n, Arg::Whole));
    let unit = match c.literal(call, 2, "unit").map(str::to_ascii_lowercase).as_deref() {
        Some("day" | "days") => Unit::Day,
        Some("week" | "weeks") => Unit::Week,
        Some("month" | "months") => Unit::Month,
        Some("year" | "years") => Unit::Year,
        Some(other) => {
            let span = call.args.get(2).map_or(call.span, |a| a.span);
            c.error(
                "wrong-arguments",
                span,
                format!("\"{other}\" is no unit"),
                Some(call.function.signature.to_owned()),
            );
            Unit::Day
        }
        None => Unit::Day,
    };
    c.fails(call);
    let step = Step::With(Box::new(day.node), Box::new(Tool::DateAdd(unit, n.node)));
    Checked { node: Node { span: call.span, step }, ty: day.ty, words: None }
}

fn part<'r>(args: &mut [Value<'r>], cx: &Cx<'r>, part: fn(DateTime) -> i64) -> R<'r> {
    match take(args, 0) {
        Value::Date(d) => Ok(Value::Integer(part(d.into()))),
        Value::DateTime(t) => Ok(Value::Integer(part(t))),
        other => Err(cx.bad(&other, "date")),
    }
}

fn year<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    part(args, cx, |t| i64::from(t.year()))
}

fn month<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    part(args, cx, |t| i64::from(t.month()))
}

fn day<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    part(args, cx, |t| i64::from(t.day()))
}
