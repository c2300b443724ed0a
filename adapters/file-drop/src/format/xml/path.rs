//! Paths into XML: `/catalogue/item` to the records, `prices/price[@cur='GBP']`, `@sku`, `tag[]` to their fields.

use banyan_words::node::Named;

/// A name in a path. Without a namespace it matches that local name in any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The namespace's URI, if the path gives a prefix.
    pub space: Option<String>,
    /// The local name.
    pub local: String,
}

impl Name {
    /// True for an element or attribute of that namespace (empty: none) and local name.
    pub fn matches(&self, space: &str, local: &str) -> bool {
        self.local == local && self.space.as_deref().is_none_or(|s| s == space)
    }
}

/// A step to child elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The children's name.
    pub name: Name,
    /// Only those whose attribute has that value.
    pub filter: Option<(Name, String)>,
    /// All of them, as a list.
    pub all: bool,
}

/// A path from a record to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Through child elements.
    pub steps: Vec<Step>,
    /// To an attribute; else the text.
    pub attribute: Option<Name>,
}

impl Path {
    /// True if it gives a list.
    pub fn is_list(&self) -> bool {
        self.steps.iter().any(|s| s.all)
    }
}

/// Reads the path of the record element.
pub fn record(text: &str, spaces: &Named<String>) -> Result<Vec<Name>, String> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(format!("`{text}` must begin with `/`, such as `/catalogue/item`"));
    };
    rest.split('/').map(|step| name(step, spaces)).collect()
}

/// Reads the path of a field.
pub fn field(text: &str, spaces: &Named<String>) -> Result<Path, String> {
    let mut path = Path::default();
    if text == "." {
        return Ok(path);
    }
    let mut rest = Some(text);
    while let Some(now) = rest {
        if let Some(attribute) = now.strip_prefix('@') {
            path.attribute = Some(name(attribute, spaces)?);
            return one_list(path, text);
        }
        let (step, after) = split_step(now);
        path.steps.push(self::step(step, spaces)?);
        rest = after;
    }
    one_list(path, text)
}

fn one_list(path: Path, text: &str) -> Result<Path, String> {
    if path.steps.iter().filter(|s| s.all).count() > 1 {
        return Err(format!("`{text}`: only one step can be a list (`[]`)"));
    }
    Ok(path)
}

/// Up to the next `/` that stands outside brackets.
fn split_step(text: &str) -> (&str, Option<&str>) {
    let mut inside = false;
    for (i, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '/' if !inside => return (&text[..i], Some(&text[i + 1..])),
            _ => {}
        }
    }
    (text, None)
}

fn step(text: &str, spaces: &Named<String>) -> Result<Step, String> {
    let (head, mut brackets) = match text.find('[') {
        Some(n) => (&text[..n], &text[n..]),
        None => (text, ""),
    };
    let mut step = Step { name: name(head, spaces)?, filter: None, all: false };
    while !brackets.is_empty() {
        let end = brackets.find(']').ok_or_else(|| format!("`{text}`: a `]` is missing"))?;
        let inner = brackets[1..end].trim();
        if inner.is_empty() {
            step.all = true;
        } else {
            step.filter = Some(filter(inner, text, spaces)?);
        }
        brackets = &brackets[end + 1..];
        if !brackets.is_empty() && !brackets.starts_with('[') {
            return Err(format!("`{text}`: nothing may follow `]` but `/`"));
        }
    }
    Ok(step)
}

fn filter(inner: &str, text: &str, spaces: &Named<String>) -> Result<(Name, String), String> {
    let wrong = || format!("`{text}`: in brackets stands `@attribute='value'`, or nothing for a list");
    let (attribute, value) = inner.strip_prefix('@').and_then(|a| a.split_once('=')).ok_or_else(wrong)?;
    let value = value.trim();
    let quoted = ['\'', '"'].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    Ok((name(attribute.trim(), spaces)?, quoted.ok_or_else(wrong)?.to_owned()))
}

fn name(text: &str, spaces: &Named<String>) -> Result<Name, String> {
    let (space, local) = match text.split_once(':') {
        Some((prefix, local)) => {
            let uri = spaces
                .get(prefix)
                .ok_or_else(|| format!("`{text}`: the prefix `{prefix}` is not declared under `namespaces`"))?;
            (Some(uri.clone()), local)
        }
        None => (None, text),
    };
    let odd = |c: char| c.is_whitespace() || "[]()@/='\"<>&*:|,".contains(c);
    if local.is_empty() || local.contains(odd) {
        return Err(format!("`{text}` is no name of an element or attribute"));
    }
    Ok(Name { space, local: local.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaces() -> Named<String> {
        Named(vec![("p".into(), "urn:p".into())])
    }

    #[test]
    fn paths_are_read() {
        let p = field("prices/p:price[@cur='G/BP']", &spaces()).unwrap();
        assert_eq!(p.steps.len(), 2);
        assert_eq!(p.steps[1].name, Name { space: Some("urn:p".into()), local: "price".into() });
        assert_eq!(p.steps[1].filter.as_ref().unwrap().1, "G/BP");
        assert!(field("tag[]", &spaces()).unwrap().is_list());
        assert_eq!(field("@sku", &spaces()).unwrap().attribute.unwrap().local, "sku");
        assert_eq!(field(".", &spaces()).unwrap(), Path::default());
        assert_eq!(record("/a/b", &spaces()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in ["", "a//b", "a[1]", "a[@b=c]", "x:a", "a[]/b[]", "a[@b='c'", "a]b", "//a", "a[]x", "@", "*"] {
            assert!(field(bad, &spaces()).is_err(), "{bad}");
        }
        assert!(record("a/b", &spaces()).is_err());
        assert!(record("/", &spaces()).is_err());
    }
}
