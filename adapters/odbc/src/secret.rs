//! Secrets of a connection string, and messages without them.

/// The values of `PWD`, `Password` and the like.
pub(crate) fn of(connection: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut rest = connection;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, tail) = value(after);
        let key = key.trim_matches([';', ' ']).to_ascii_lowercase();
        if ["pwd", "password", "pass", "secret", "token"].iter().any(|s| key.contains(s)) && !value.is_empty() {
            secrets.push(value);
        }
        rest = tail;
    }
    secrets
}

/// A value, in braces or up to the next semicolon, and what follows.
fn value(text: &str) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('{') else {
        let (value, tail) = text.split_once(';').unwrap_or((text, ""));
        return (value.to_owned(), tail);
    };
    let mut value = String::new();
    while let Some((part, tail)) = rest.split_once('}') {
        value.push_str(part);
        match tail.strip_prefix('}') {
            Some(more) => {
                value.push('}');
                rest = more;
            }
            None => return (value, tail),
        }
    }
    (value + rest, "")
}

/// A value as it must stand in a connection string.
pub(crate) fn quoted(value: &str) -> String {
    if value.contains([';', '{', '}', '=', ' ', '[', ']', '(', ')', ',', '?', '*', '!', '@']) {
        format!("{{{}}}", value.replace('}', "}}"))
    } else {
        value.to_owned()
    }
}

/// The message without the secrets.
pub(crate) fn hide(message: &str, secrets: &[String]) -> String {
    let mut text = message.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), "***");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_in_all_their_spellings() {
        let text = "Driver={PostgreSQL};UID=u;PWD={a;b}}c};Server=x;password=geheim";
        assert_eq!(of(text), ["a;b}c", "geheim"]);
        assert_eq!(of("Driver=x;UID=u"), [""; 0]);
        assert_eq!(hide("login geheim refused", &of(text)), "login *** refused");
        assert_eq!(of(&format!("PWD={};X=1", quoted("a;b}c"))), ["a;b}c"]);
    }
}
