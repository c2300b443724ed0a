//! What is refused of a parsed query.

use super::{Refused, VOUCH, deny};
use crate::Dialect;
use sqlparser::ast::{
    BinaryOperator, Expr, ForClause, ObjectName, Query, Select, SetExpr, Spanned, Statement, TableFactor, Visit,
    Visitor,
};
use std::ops::ControlFlow;

type Flow = ControlFlow<Refused>;

struct Walk {
    dialect: Dialect,
    statements: u32,
}

pub(super) fn check(statement: &Statement, dialect: Dialect) -> Result<(), Refused> {
    match statement.visit(&mut Walk { dialect, statements: 0 }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refused) => Err(refused),
    }
}

fn stop(message: impl Into<String>, hint: &str) -> Flow {
    ControlFlow::Break(Refused::new(0, message, hint))
}

impl Walk {
    /// A call of a function, in an expression or after FROM.
    fn call(&self, name: &ObjectName) -> Flow {
        let parts: Vec<&str> = name.0.iter().filter_map(|p| p.as_ident()).map(|i| i.value.as_str()).collect();
        if parts.len() != name.0.len() || parts.is_empty() {
            return stop(format!("`{name}` is called in a way that is not known"), VOUCH);
        }
        if parts.iter().any(|p| deny::denied(p)) {
            return stop(format!("the function `{name}` does more than compute"), "leave it out");
        }
        // To some servers `sléép` is `sleep`.
        if !parts.iter().all(|p| p.is_ascii()) {
            return stop(format!("the name of the function `{name}` may mean another one to the server"), VOUCH);
        }
        // SQL Server lets no function write; those of these servers may do anything.
        let system = ["pg_catalog", "information_schema", "sys", "sysibm"];
        let qualified = parts.len() > 1 && !system.contains(&parts[0].to_lowercase().as_str());
        if qualified && matches!(self.dialect, Dialect::Postgres | Dialect::Mysql | Dialect::Generic) {
            return stop(format!("nobody knows what the function `{name}` of a user does"), VOUCH);
        }
        self.table(name)
    }

    fn table(&self, name: &ObjectName) -> Flow {
        if name.0.len() > 3 {
            return stop(format!("`{name}` is on another server"), "make that server a source of its own");
        }
        let parts = || name.0.iter().filter_map(|p| p.as_ident());
        // Oracle: `orders@other`.
        if self.dialect == Dialect::Generic && parts().any(|p| p.value.contains('@')) {
            return stop(format!("`{name}` may be on another server"), "make that server a source of its own");
        }
        let pragma = |name: &str| name.get(..7).is_some_and(|n| n.eq_ignore_ascii_case("pragma_"));
        if self.dialect == Dialect::Sqlite && parts().any(|p| pragma(&p.value)) {
            return stop(format!("`{name}` may do more than tell"), "leave it out");
        }
        Flow::Continue(())
    }
}

impl Visitor for Walk {
    type Break = Refused;

    fn pre_visit_statement(&mut self, _: &Statement) -> Flow {
        self.statements += 1;
        if self.statements > 1 {
            return stop("a statement within it changes data", "only SELECT is sent to a source");
        }
        Flow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        if !query.locks.is_empty() {
            return stop("FOR UPDATE and FOR SHARE lock rows others need", "leave the clause out");
        }
        if matches!(query.for_clause, Some(ForClause::Browse)) {
            return stop("FOR BROWSE is not known", "leave the clause out");
        }
        if query.settings.is_some() || query.format_clause.is_some() || !query.pipe_operators.is_empty() {
            return stop("SETTINGS, FORMAT and pipes are not known", "leave them out");
        }
        body(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        match &select.into {
            Some(into) => {
                let at = Refused::new(0, format!("`{into}` writes what was selected"), "leave INTO out");
                ControlFlow::Break(at)
            }
            None => Flow::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Flow {
        self.table(relation)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Flow {
        match factor {
            TableFactor::Table { name, args, with_hints, .. } => {
                for hint in with_hints {
                    let word = hint.to_string().to_lowercase();
                    if deny::HINTS.iter().any(|h| word.split(|c: char| !c.is_alphanumeric()).any(|w| w == *h)) {
                        return stop(format!("the hint {hint} holds locks others wait for"), "leave it out");
                    }
                }
                if args.is_some() { self.call(name) } else { self.table(name) }
            }
            TableFactor::Function { name, .. } => self.call(name),
            TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::TableFunction { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::JsonTable { .. }
            | TableFactor::OpenJsonTable { .. }
            | TableFactor::XmlTable { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. } => Flow::Continue(()),
            other => stop(format!("`{other}` after FROM is not known"), VOUCH),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        let flow = match expr {
            Expr::Function(function) => self.call(&function.name),
            Expr::BinaryOp { op: BinaryOperator::Assignment, .. } => {
                stop("`:=` sets a variable of the session", "leave it out")
            }
            // Oracle, and MariaDB where it speaks as Oracle does, count on: `orders_no.nextval`.
            Expr::CompoundIdentifier(parts) if matches!(self.dialect, Dialect::Mysql | Dialect::Generic) => {
                match parts.last() {
                    Some(last) if last.value.eq_ignore_ascii_case("nextval") => {
                        stop("`nextval` counts a sequence on", "leave it out")
                    }
                    _ => Flow::Continue(()),
                }
            }
            _ => Flow::Continue(()),
        };
        // Where it stands is told where the parser knows.
        flow.map_break(|refused| Refused { at: refused.at, message: placed(refused.message, expr), ..refused })
    }
}

fn placed(message: String, expr: &Expr) -> String {
    let start = expr.span().start;
    if start.line == 0 { message } else { format!("{message} (line {}, column {})", start.line, start.column) }
}

fn body(body: &SetExpr) -> Flow {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => Flow::Continue(()),
        SetExpr::SetOperation { left, right, .. } => {
            self::body(left)?;
            self::body(right)
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            stop("it changes data", "only SELECT is sent to a source")
        }
    }
}
