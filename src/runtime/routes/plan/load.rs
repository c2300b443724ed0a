//! What legacy has to bear beside what consumers ask of it, and how much that is.

use crate::runtime::routes::Route;
use banyan_migration::stage::Stage;
use banyan_words::node::Percent;

/// What legacy bears of a route as it stands; `calls`: what consumers ask of it in a day.
pub(super) fn load(route: &Route, calls: Option<u64>) -> Option<String> {
    let (config, standing) = (&route.config, route.standing());
    let share = |given: Option<Percent>, default: f64| {
        given.and_then(|p| p.fraction().to_string().parse::<f64>().ok()).unwrap_or(default)
    };
    let twice = config.compare.double_read.map(|p| p.to_string()).unwrap_or_else(|| "2%".to_owned());
    let sample = config.shadow.sample.map(|p| p.to_string()).unwrap_or_else(|| "100%".to_owned());
    let (again, mirrored) = (share(config.compare.double_read, 0.02), share(config.shadow.sample, 1.0));
    let (text, factor) = match standing.stage {
        Stage::Shadow => {
            (format!("legacy is asked as before, and {twice} of the reads once more, to find its noise"), 1.0 + again)
        }
        Stage::Canary => {
            let moved = standing.weight.fraction();
            let text = format!(
                "legacy is spared {} of the requests, and asked again for {sample} of those reads, to compare",
                standing.weight
            );
            (text, 1.0 - moved + moved * mirrored + again)
        }
        Stage::Modern => {
            (format!("legacy is asked for {sample} of the reads, to compare, and where modern fails"), mirrored + again)
        }
        Stage::Legacy | Stage::Retired => return None,
    };
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a round number for people"
    )]
    let much = match calls {
        Some(calls) => format!(
            "about {} requests a day at most, of {calls} that its callers make",
            (calls as f64 * factor).round() as u64
        ),
        None => "how many that is nobody knows: its calls were not counted yet".to_owned(),
    };
    Some(format!("{text}: {much}"))
}
