//! The engine as a driver's link: statements rewritten to SQLite's words, and what goes wrong while rows are read.

use super::*;

pub struct LiteDriver(pub Arc<World>);

impl Driver for LiteDriver {
    fn open_telling(&self, _: &Call, asides: &Asides) -> Result<Box<dyn Link>, Fault> {
        self.0.opened.fetch_add(1, SeqCst);
        asides.tell("PRAGMA query_only = ON", std::time::Instant::now(), Ok(0));
        Ok(Box::new(LiteLink { world: self.0.clone(), db: connect(&self.0), answer: None, rows: 0, usable: true }))
    }
}

fn connect(world: &World) -> Connection {
    let db = Connection::open_with_flags(&world.path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    db.busy_timeout(Duration::from_secs(20)).unwrap();
    db
}

struct LiteLink {
    world: Arc<World>,
    db: Connection,
    answer: Option<(Receiver<Vec<Vec<Cell>>>, Vec<Column>, std::collections::VecDeque<Vec<Cell>>)>,
    rows: u64,
    usable: bool,
}

fn lost(what: &str) -> Fault {
    Fault::transient("connection-lost", what)
}

/// SQL Server's words in SQLite's.
fn rewritten(sql: &str) -> String {
    let mut sql = sql
        .replace("min_active_rowversion()", "(SELECT v FROM active)")
        .replace("CHANGE_TRACKING_CURRENT_VERSION()", "(SELECT v FROM ct)")
        .replace("CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N'[t]'))", "(SELECT m FROM ct)")
        .replace("CHANGETABLE(CHANGES [t], @P1)", "(SELECT * FROM t_changes WHERE ver > @P1)");
    if let Some(rest) = sql.strip_prefix("SELECT TOP (") {
        let (n, rest) = rest.split_once(") ").unwrap();
        sql = format!("SELECT {rest} LIMIT {n}");
    }
    sql
}

fn typed(declared: &str) -> Type {
    let declared = declared.to_uppercase();
    match () {
        () if declared.starts_with("DATETIME") => Type::DateTime,
        () if declared == "DATE" => Type::Date,
        () if declared.contains("INT") || declared == "ROWVERSION" => Type::Integer,
        () if declared.contains("CHAR") || declared.contains("TEXT") => Type::Text,
        () if declared.starts_with("DECIMAL") => Type::Decimal { precision: 38, scale: 4 },
        () => Type::Any,
    }
}

impl LiteLink {
    fn columns(&self, table: &str) -> Vec<(ColumnInfo, i64)> {
        let mut stmt = self.db.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)").unwrap();
        let found = stmt.query_map([table], |r| {
            let (name, declared): (String, String) = (r.get(0)?, r.get(1)?);
            let rowversion = declared == "ROWVERSION" && self.world.dialect == Dialect::Tsql;
            let server_type = if rowversion { "bigint".into() } else { declared.to_lowercase() };
            let nullable = !r.get::<_, bool>(2)?;
            let ty = typed(&declared);
            Ok((ColumnInfo { name, ty, server_type, nullable, collation: None, rowversion, read_as: None }, r.get(3)?))
        });
        found.unwrap().map(Result::unwrap).collect()
    }

    fn names(&self) -> Vec<(String, bool)> {
        let sql = "SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name";
        let mut stmt = self.db.prepare(sql).unwrap();
        stmt.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    fn stalled(&mut self, call: &Call) -> Result<(), Fault> {
        if self.world.stall.load(SeqCst) {
            self.world.stalls.fetch_add(1, SeqCst);
        }
        while self.world.stall.load(SeqCst) {
            if call.is_over() {
                self.world.stopped.fetch_add(1, SeqCst);
                self.usable = false;
                return Err(Fault::transient("timeout", "the server did not answer in time"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Link for LiteLink {
    fn dialect(&self) -> Dialect {
        self.world.dialect
    }
    fn server(&self) -> String {
        "SQLite 3".into()
    }
    fn select(&mut self, statement: &Statement, call: &Call) -> Result<Vec<Column>, Fault> {
        self.answer = None;
        self.rows = 0;
        self.stalled(call)?;
        let declared: BTreeMap<String, Type> =
            self.names().iter().flat_map(|(t, _)| self.columns(t)).map(|(c, _)| (c.name, c.ty)).collect();
        let sql = if self.world.dialect == Dialect::Tsql { rewritten(&statement.sql) } else { statement.sql.clone() };
        let bad = |e: rusqlite::Error| Fault::transient("sql-error", format!("{e}: {sql}"));
        let names: Vec<String> = self.db.prepare(&sql).map_err(bad)?.column_names().map(str::to_owned).collect();
        let columns: Vec<Column> = names
            .into_iter()
            .map(|name| Column { ty: declared.get(&name).cloned().unwrap_or(Type::Any), name })
            .collect();
        let params: Vec<Cell> = statement.params.iter().map(|p| bound(&p.value)).collect();
        let (to, from) = sync_channel(2);
        let (world, width) = (self.world.clone(), columns.len());
        std::thread::spawn(move || {
            let db = connect(&world);
            let mut stmt = db.prepare(&sql).unwrap();
            let mut rows = stmt.query(rusqlite::params_from_iter(params)).unwrap();
            let mut chunk = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                chunk.push((0..width).map(|i| row.get::<_, Cell>(i).unwrap()).collect());
                if chunk.len() == 500 && to.send(std::mem::take(&mut chunk)).is_err() {
                    return;
                }
            }
            let _ = to.send(chunk);
        });
        self.answer = Some((from, columns.clone(), Default::default()));
        Ok(columns)
    }
    fn fetch(&mut self, most: usize, into: &mut Sink<'_>, call: &Call) -> Result<bool, Fault> {
        self.stalled(call)?;
        let (from, columns, waiting) = self.answer.as_mut().expect("a fetch without an answer");
        for _ in 0..most {
            if self.world.drop_after.load(SeqCst) <= self.rows {
                self.world.drop_after.store(u64::MAX, SeqCst);
                self.usable = false;
                return Err(lost("the connection ended in the midst of an answer"));
            }
            while waiting.is_empty() {
                match from.recv() {
                    Ok(chunk) => waiting.extend(chunk),
                    Err(_) => return Ok(false),
                }
            }
            let row = waiting.pop_front().unwrap();
            self.rows += 1;
            into.begin();
            for (cell, column) in row.into_iter().zip(columns.iter()) {
                into.value(value(cell, &column.ty));
            }
            if self.world.bad_row.load(SeqCst) == self.rows {
                into.end_bad(Bad { code: "bad-cell".into(), message: "not readable".into(), raw: b"?".to_vec() });
            } else {
                into.end();
            }
        }
        Ok(true)
    }
    fn tables(&mut self, _: &Call) -> Result<Vec<TableInfo>, Fault> {
        let listed = self.names().into_iter().map(|(name, view)| TableInfo {
            name: TableName { schema: None, name },
            view,
            columns: Vec::new(),
            key: Vec::new(),
            indexes: Vec::new(),
            rows: None,
            change_tracking: false,
        });
        Ok(listed.collect())
    }
    fn table(&mut self, table: &TableName, _: &Call) -> Result<Option<TableInfo>, Fault> {
        let names = self.names();
        let Some((name, view)) = names.iter().find(|(n, _)| *n == table.name) else { return Ok(None) };
        let columns = self.columns(name);
        let key = columns.iter().filter(|(_, pk)| *pk > 0).map(|(c, _)| c.name.clone()).collect();
        Ok(Some(TableInfo {
            name: table.clone(),
            view: *view,
            columns: columns.into_iter().map(|(c, _)| c).collect(),
            key,
            indexes: Vec::new(),
            rows: None,
            change_tracking: names.iter().any(|(n, _)| *n == format!("{name}_changes")),
        }))
    }
    fn access(&mut self, _: &Call) -> Result<Access, Fault> {
        Ok(self.world.access.lock().unwrap().clone())
    }
    fn usable(&self) -> bool {
        self.usable
    }
}

fn value(cell: Cell, ty: &Type) -> Value<'static> {
    match (cell, ty) {
        (Cell::Null, _) => Value::Null,
        (Cell::Text(t), Type::DateTime) => match t.replace(' ', "T").parse::<DateTime>() {
            Ok(time) => Value::DateTime(time),
            Err(_) => Value::Null,
        },
        (Cell::Text(t), Type::Date) => t.parse().map_or(Value::Null, Value::Date),
        (Cell::Integer(i), Type::Decimal { .. }) => Value::Decimal(i.to_string().parse().unwrap()),
        (Cell::Integer(i), _) => Value::Integer(i),
        (Cell::Text(t), _) => Value::Text(t.into()),
        (Cell::Real(f), _) => Value::Float(f, false),
        (Cell::Blob(b), _) => Value::Bytes(b.into()),
    }
}

fn bound(value: &Value<'_>) -> Cell {
    match value {
        Value::Integer(i) => Cell::Integer(*i),
        Value::DateTime(t) => Cell::Text(t.strftime("%Y-%m-%d %H:%M:%S%.7f").to_string()),
        Value::Bytes(b) => Cell::Blob(b.to_vec()),
        Value::Null | Value::Missing => Cell::Null,
        other => Cell::Text(other.to_text().unwrap().into_owned()),
    }
}
