//! Comma-separated values as spreadsheets write them, with the line of every row.
//!
//! Not here: datasets' CSV files with their dialects and sizes (the file-drop adapter); this one reads small tables.

/// A row: the line it begins on, and its cells.
pub(super) type Line = (usize, Vec<String>);

/// The rows of a text, or the line and the sentence of its first fault. Separated by commas, or by semicolons or tabs if
/// the first line has no comma. Empty lines are skipped.
pub(super) fn rows(text: &str) -> Result<Vec<Line>, (usize, String)> {
    let first = text.lines().next().unwrap_or("");
    let separator = [',', ';', '\t'].into_iter().find(|c| first.contains(*c)).unwrap_or(',');
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    let mut line = 1;
    while chars.peek().is_some() {
        let begin = line;
        let (mut cells, mut quoted) = (Vec::new(), false);
        loop {
            let mut cell = String::new();
            if chars.peek() == Some(&'"') {
                quoted = true;
                chars.next();
                loop {
                    match chars.next() {
                        Some('"') if chars.peek() == Some(&'"') => {
                            chars.next();
                            cell.push('"');
                        }
                        Some('"') => break,
                        Some(c) => {
                            line += usize::from(c == '\n');
                            cell.push(c);
                        }
                        None => return Err((begin, "a quoted cell has no end".to_owned())),
                    }
                }
                if chars.peek().is_some_and(|c| *c != separator && *c != '\r' && *c != '\n') {
                    return Err((line, "something follows a closing quote".to_owned()));
                }
            } else {
                while let Some(c) = chars.next_if(|c| *c != separator && *c != '\r' && *c != '\n') {
                    cell.push(c);
                }
            }
            cells.push(cell);
            if chars.next_if_eq(&separator).is_none() {
                break;
            }
        }
        if chars.next_if_eq(&'\r').is_some() {
            chars.next_if_eq(&'\n');
            line += 1;
        } else if chars.next_if_eq(&'\n').is_some() {
            line += 1;
        }
        if quoted || cells.iter().any(|c| !c.is_empty()) {
            out.push((begin, cells));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_spreadsheets_write() {
        let text = "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2,\r\n";
        let got = rows(text).unwrap();
        assert_eq!(got[0], (1, vec!["a".into(), "b".into()]));
        assert_eq!(got[1], (2, vec!["1".into(), "x, \"y\"\nz".into()]));
        assert_eq!(got[2], (5, vec!["2".into(), String::new()]));
        assert_eq!(rows("a;b\n1,5;2").unwrap()[1].1, ["1,5", "2"]);
        assert_eq!(rows("").unwrap(), []);
    }

    #[test]
    fn says_where_it_is_broken() {
        assert_eq!(rows("a,b\n1,\"x\n").unwrap_err().0, 2);
        assert_eq!(rows("a,b\n\"x\"y,1").unwrap_err().0, 2);
    }
}
