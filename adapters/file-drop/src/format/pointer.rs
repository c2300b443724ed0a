//! JSON Pointers (RFC 6901).

/// Splits a pointer into its tokens; else what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = text.strip_prefix('/') else {
        return Err(format!("`{text}` is no JSON Pointer: it begins with `/`, such as `/items` or `/price/amount`"));
    };
    rest.split('/').map(unescape).collect()
}

fn unescape(token: &str) -> Result<String, String> {
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '~' { chars.next() } else { None }) {
            ('~', Some('0')) => out.push('~'),
            ('~', Some('1')) => out.push('/'),
            ('~', _) => return Err(format!("`{token}`: `~` is written `~0`, and `/` inside a name `~1`")),
            (c, _) => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn pointers_follow_rfc_6901() {
        assert_eq!(parse("").unwrap(), Vec::<String>::new());
        assert_eq!(parse("/").unwrap(), [""]);
        assert_eq!(parse("/a~1b/m~0n/0").unwrap(), ["a/b", "m~n", "0"]);
        assert!(parse("items").is_err());
        assert!(parse("/a~2").is_err());
    }
}
