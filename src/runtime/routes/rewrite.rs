//! The path by which a side knows what consumers ask for.

use super::Route;
use banyan_migration::route::RouteConfig;
use banyan_migration::stage::Side;
use std::borrow::Cow;

impl Route {
    /// Path and query, as that side knows them: its own path stands in place of the route's literal beginning.
    pub fn target<'t>(&self, side: Side, target: &'t str) -> Cow<'t, str> {
        match own(&self.config, side) {
            None => Cow::Borrowed(target),
            Some(own) => rewritten(&self.config.path, own, target),
        }
    }
}

fn own(config: &RouteConfig, side: Side) -> Option<&String> {
    match side {
        Side::Legacy => config.legacy_path.as_ref(),
        Side::Modern => config.modern_path.as_ref(),
    }
}

/// The same the other way: as consumers know what that side knows by its own path.
pub(super) fn asked<'t>(config: &RouteConfig, side: Side, target: &'t str) -> Cow<'t, str> {
    match own(config, side) {
        None => Cow::Borrowed(target),
        Some(own) => rewritten(own, &config.path, target),
    }
}

/// What of a route's path is no placeholder, without a slash at its end.
fn beginning(path: &str) -> &str {
    let mut end = 0;
    for part in path.split_inclusive('/') {
        if part.starts_with(['{', '*']) {
            break;
        }
        end += part.len();
    }
    path.get(..end).unwrap_or_default().trim_end_matches('/')
}

fn rewritten<'t>(path: &str, own: &str, target: &'t str) -> Cow<'t, str> {
    let Some(rest) = target.strip_prefix(beginning(path)) else { return Cow::Borrowed(target) };
    let own = beginning(own);
    let slash = if own.is_empty() && !rest.starts_with('/') { "/" } else { "" };
    Cow::Owned(format!("{own}{slash}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_beginning_gives_way() {
        for (path, own, target, told) in [
            ("/accounts/**", "/api/v2/accounts", "/accounts/7?x=/accounts", "/api/v2/accounts/7?x=/accounts"),
            ("/accounts/**", "/api/**", "/accounts", "/api"),
            ("/accounts/{id}", "/a/", "/accounts/7", "/a/7"),
            ("/v1/customers", "/customers", "/v1/customers/4?a=b", "/customers/4?a=b"),
            ("/v1/customers", "/", "/v1/customers?a=b", "/?a=b"),
            ("/**", "/old", "/x/y", "/old/x/y"),
            ("/**", "/old", "/", "/old/"),
        ] {
            assert_eq!(rewritten(path, own, target), told, "{path} {own}");
        }
    }
}
