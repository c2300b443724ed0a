//! All routes, most specific first.

use super::{PathPattern, RouteConfig};
use banyan_words::Problem;

/// All routes.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Each with its place in the configuration, most specific first.
    routes: Vec<(PathPattern, usize, RouteConfig)>,
}

/// The route of a request.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    /// Its place in the configuration.
    pub number: usize,
    /// Its keys.
    pub route: &'t RouteConfig,
}

/// One route's part in the answer to "which one is it, and why?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The route's path.
    pub path: String,
    /// Its place in the configuration.
    pub number: usize,
    /// It counts.
    pub counts: bool,
    /// Why, or why not.
    pub why: String,
}

impl Table {
    /// Of routes that were checked each for itself, with their places. Two that no request tells apart are a problem.
    pub fn new(routes: impl IntoIterator<Item = (usize, RouteConfig)>) -> (Table, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut table: Vec<(PathPattern, usize, RouteConfig)> = Vec::new();
        for (number, route) in routes {
            let Ok(pattern) = route.path.parse::<PathPattern>() else { continue };
            let twin = table.iter().find(|(other, _, with)| other.is_same(&pattern) && share(&route, with));
            if let Some((_, other, _)) = twin {
                let message = format!("no request tells this route from routes[{other}]");
                let hint = "leave one of them out, or give them different `methods` or `moves`";
                problems.push(Problem::error("route-twice", format!("routes[{number}].path"), message).hint(hint));
            }
            table.push((pattern, number, route));
        }
        table.sort_by(|(a, n, _), (b, m, _)| a.specificity(b).then(n.cmp(m)));
        (Table { routes: table }, problems)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The methods that some route takes at that path, for `Allow`; `None` where one takes all, or no route matches.
    pub fn allow(&self, path: &str) -> Option<Vec<String>> {
        let on_path: Vec<&RouteConfig> =
            self.routes.iter().filter(|(p, ..)| p.matches(path)).map(|(.., r)| r).collect();
        if on_path.is_empty() || on_path.iter().any(|r| r.methods.is_empty()) {
            return None;
        }
        let mut methods: Vec<String> = on_path.iter().flat_map(|r| r.methods.iter().cloned()).collect();
        if methods.iter().any(|m| m == "GET") {
            methods.push("HEAD".to_owned());
        }
        methods.sort_unstable();
        methods.dedup();
        Some(methods)
    }

    /// The route of a request, by method and path as they came.
    pub fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let (_, number, route) = self.routes.iter().find(|(p, _, r)| p.matches(path) && r.takes(method))?;
        Some(Found { number: *number, route })
    }

    /// All routes that the path belongs to, in the order in which they are asked, with the reason why one counts.
    pub fn explain(&self, method: &str, path: &str) -> Vec<Explained> {
        let mut counted: Option<String> = None;
        let on_path = self.routes.iter().filter(|(p, ..)| p.matches(path));
        on_path
            .map(|(pattern, number, route)| {
                let takes = route.takes(method);
                let why = match (&counted, takes) {
                    (_, false) => format!("it does not take {method}, only {}", route.methods.join(", ")),
                    (None, true) => "it is the most specific route that takes this request".to_owned(),
                    (Some(first), true) => format!("{first} is more specific"),
                };
                let counts = takes && counted.is_none();
                if counts {
                    counted = Some(pattern.to_string());
                }
                Explained { path: pattern.to_string(), number: *number, counts, why }
            })
            .collect()
    }
}

/// Whether there is a request that both take.
fn share(a: &RouteConfig, b: &RouteConfig) -> bool {
    let methods = a.methods.is_empty() || b.methods.is_empty() || a.methods.iter().any(|m| b.takes(m));
    let moves = a.moves.is_empty() || b.moves.is_empty() || a.moves.iter().any(|m| b.moves.contains(m));
    methods && moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_words::node::{Node, read};

    fn route(path: &str, methods: &[&str]) -> RouteConfig {
        let methods = Node::list(methods.iter().map(|m| Node::scalar(*m, false)).collect());
        let entries =
            [("path", Node::scalar(path, false)), ("methods", methods), ("legacy", Node::scalar("old", false))];
        read(&Node::map(entries), "routes[0]").unwrap()
    }

    #[test]
    fn one_route_counts_and_says_why() {
        let (table, problems) = Table::new(
            [route("/**", &[]), route("/accounts/{id}", &["GET"]), route("/accounts/**", &[])].into_iter().enumerate(),
        );
        assert_eq!(problems, []);
        let number = |method, path| table.find(method, path).map(|f| f.number);
        assert_eq!(number("GET", "/accounts/7"), Some(1));
        assert_eq!(number("HEAD", "/accounts/7"), Some(1));
        assert_eq!(number("POST", "/accounts/7"), Some(2));
        assert_eq!(number("GET", "/x"), Some(0));
        let told: Vec<(usize, bool, String)> =
            table.explain("POST", "/accounts/7").into_iter().map(|e| (e.number, e.counts, e.why)).collect();
        assert_eq!(
            told,
            [
                (1, false, "it does not take POST, only GET".to_owned()),
                (2, true, "it is the most specific route that takes this request".to_owned()),
                (0, false, "/accounts/** is more specific".to_owned())
            ]
        );
    }

    #[test]
    fn two_routes_that_nothing_tells_apart_are_a_problem() {
        let both = |a, b| Table::new([(0, a), (1, b)]).1.len();
        assert_eq!(both(route("/a/{x}", &[]), route("/a/*", &["GET"])), 1);
        assert_eq!(both(route("/a/{x}", &["POST"]), route("/a/*", &["GET"])), 0);
    }
}
