//! All routes, most specific first.

use super::{OnlyConfig, PathPattern, RouteConfig};
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
            let twin = table.iter().find(|(other, _, with)| other.is_same(&pattern) && is_twin(&route, with));
            if let Some((_, other, _)) = twin {
                let message = format!("no request tells this route from routes[{other}]");
                let hint = "leave one of them out, or give them different `methods`, `moves` or `only`";
                problems.push(Problem::error("route-twice", format!("routes[{number}].path"), message).hint(hint));
            }
            table.push((pattern, number, route));
        }
        table.sort_by(|(a, n, of), (b, m, with)| {
            let asks = |r: &RouteConfig| r.only.asks();
            a.specificity(b).then(asks(with).cmp(&asks(of))).then(n.cmp(m))
        });
        (Table { routes: table }, problems)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The methods that some route takes at that path, for `Allow`; `None` where one takes all, or no route matches.
    /// `meets` tells whether the request is one that a route is meant for.
    pub fn allow(&self, path: &str, meets: impl Fn(&OnlyConfig) -> bool) -> Option<Vec<String>> {
        let on_path = self.routes.iter().filter(|(p, _, r)| p.matches(path) && (r.only.is_all() || meets(&r.only)));
        let on_path: Vec<&RouteConfig> = on_path.map(|(.., r)| r).collect();
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

    /// The route of a request, by method and path as they came; `meets` tells whether it is one that a route is meant for.
    pub fn find(&self, method: &str, path: &str, meets: impl Fn(&OnlyConfig) -> bool) -> Option<Found<'_>> {
        let mut routes = self.routes.iter();
        let (_, number, route) =
            routes.find(|(p, _, r)| p.matches(path) && r.takes(method) && (r.only.is_all() || meets(&r.only)))?;
        Some(Found { number: *number, route })
    }

    /// All routes that the path belongs to, in the order in which they are asked, with the reason why one counts.
    pub fn explain(&self, method: &str, path: &str, meets: impl Fn(&OnlyConfig) -> bool) -> Vec<Explained> {
        let mut counted: Option<(PathPattern, usize)> = None;
        let on_path = self.routes.iter().filter(|(p, ..)| p.matches(path));
        on_path
            .map(|(pattern, number, route)| {
                let (takes, meant) = (route.takes(method), route.only.is_all() || meets(&route.only));
                let asks = route.only.asks();
                let why = match &counted {
                    _ if !takes => format!("it does not take {method}, only {}", route.methods.join(", ")),
                    _ if !meant => format!("it is only for requests with {}", route.only.words().join(" and ")),
                    None => "it is the most specific route that takes this request".to_owned(),
                    Some((first, asked)) if first.is_same(pattern) && *asked > asks => {
                        "another route of this path asks for more, and gets it".to_owned()
                    }
                    Some((first, _)) if first.is_same(pattern) => {
                        "another route of this path stands before it".to_owned()
                    }
                    Some((first, _)) => format!("{first} is more specific"),
                };
                let counts = takes && meant && counted.is_none();
                if counts {
                    counted = Some((pattern.clone(), asks));
                }
                Explained { path: pattern.to_string(), number: *number, counts, why }
            })
            .collect()
    }
}

/// Whether there is a request that both take, and neither before the other.
fn is_twin(a: &RouteConfig, b: &RouteConfig) -> bool {
    let methods = a.methods.is_empty() || b.methods.is_empty() || a.methods.iter().any(|m| b.takes(m));
    let moves = a.moves.is_empty() || b.moves.is_empty() || a.moves.iter().any(|m| b.moves.contains(m));
    methods && moves && a.only.is_twin(&b.only)
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
        let number = |method, path| table.find(method, path, |_| false).map(|f| f.number);
        assert_eq!(number("GET", "/accounts/7"), Some(1));
        assert_eq!(number("HEAD", "/accounts/7"), Some(1));
        assert_eq!(number("POST", "/accounts/7"), Some(2));
        assert_eq!(number("GET", "/x"), Some(0));
        let told: Vec<(usize, bool, String)> =
            table.explain("POST", "/accounts/7", |_| false).into_iter().map(|e| (e.number, e.counts, e.why)).collect();
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
    fn of_one_path_the_route_that_asks_for_most_counts() {
        let only = |headers: &[(&str, &str)], consumers: &[&str]| {
            let mut it = route("/a/**", &[]);
            it.only.headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            it.only.consumers = consumers.iter().map(|c| (*c).to_owned()).collect();
            it
        };
        let all = [only(&[], &[]), only(&[("x", "1")], &[]), only(&[], &["shop"]), only(&[("x", "1")], &["shop"])];
        let names: Vec<String> = all.iter().map(RouteConfig::name).collect();
        assert_eq!(names, ["/a/**", "/a/** x=1", "/a/** consumer=shop", "/a/** x=1 consumer=shop"]);
        let (table, problems) = Table::new(all.into_iter().enumerate());
        assert_eq!(problems, []);
        let found = |x: bool, shop: bool| {
            let meets = |o: &OnlyConfig| (o.headers.is_empty() || x) && (o.consumers.is_empty() || shop);
            let counts = table.explain("GET", "/a/b", meets).iter().filter(|e| e.counts).map(|e| e.number).collect();
            (table.find("GET", "/a/b", meets).map(|f| f.number), counts)
        };
        assert_eq!(found(false, false), (Some(0), vec![0]));
        assert_eq!(found(true, false), (Some(1), vec![1]));
        assert_eq!(found(false, true), (Some(2), vec![2]));
        assert_eq!(found(true, true), (Some(3), vec![3]));
        let why: Vec<String> =
            table.explain("GET", "/a/b", |o| o.consumers.is_empty()).into_iter().map(|e| e.why).collect();
        assert_eq!(
            why,
            [
                "it is only for requests with x=1 and consumer=shop",
                "it is the most specific route that takes this request",
                "it is only for requests with consumer=shop",
                "another route of this path asks for more, and gets it"
            ]
        );
        assert_eq!(table.allow("/b", |_| true), None);
    }

    #[test]
    fn two_routes_that_nothing_tells_apart_are_a_problem() {
        let both = |a, b| Table::new([(0, a), (1, b)]).1.len();
        assert_eq!(both(route("/a/{x}", &[]), route("/a/*", &["GET"])), 1);
        assert_eq!(both(route("/a/{x}", &["POST"]), route("/a/*", &["GET"])), 0);
    }
}
