//! The queries that all holdings of the vendor share: each holds its own table, in the same way.

/// How a holding's records are read, stored, removed and moved with their account. `$row` is the row of the table `table` with
/// its `columns`, `$kind` begins the names of its events, and `explain` puts the database's refusal into words.
/// `$record` is the type of record whose custom fields they have, if they have any.
macro_rules! holding_queries {
    ($holding:ident, $row:ident, $id:ident, $kind:literal $(, $record:expr)?) => {
        fn complete(tx: &mut Tx<'_>, rows: Vec<$row>) -> Result<Vec<$holding>> {
            let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
            let mut refs = references::by_records(tx, TYPE, &ids)?;
            Ok(rows
                .into_iter()
                .map(|row| {
                    let own = refs.remove(&row.id.to_string()).unwrap_or_default();
                    row.with(own)
                })
                .collect())
        }

        /// The one with that id.
        ///
        /// # Errors
        /// 404 if there is none.
        pub fn find(tx: &mut Tx<'_>, id: $id) -> Result<$holding> {
            let row = table.find(id).select($row::as_select()).get_result(tx.conn())?;
            complete(tx, vec![row])?.pop().ok_or_else(Error::not_found)
        }

        /// The one that has that id in another system.
        ///
        /// # Errors
        /// 404 if there is none.
        pub(super) fn find_by_reference(tx: &mut Tx<'_>, reference: &ExternalRef) -> Result<$holding> {
            let id = references::named(tx, TYPE, reference)?;
            find(tx, id)
        }

        /// Waits for whoever else is changing the row.
        ///
        /// # Errors
        /// What the database reports.
        pub(super) fn lock(tx: &mut Tx<'_>, id: $id) -> Result<()> {
            tx.hold(Lock::NoKeyUpdate, table.find(id).select(columns::id))
        }

        /// Stores a new one, and tells of it.
        ///
        /// # Errors
        /// 409 `unknown_reference`, `already_exists`.
        pub fn insert(tx: &mut Tx<'_>, new: $holding) -> Result<$holding> {
            let row = $row::from(&new);
            tx.attempt(|tx| {
                Ok(diesel::insert_into(table)
                    .values(&row)
                    .execute(tx.conn())?)
            })
            .map_err(|error| explain(tx, error, &new))?;
            references::set(tx, TYPE, &new.id.to_string(), &new.external_refs)?;
            $( $crate::custom_fields::keep(tx, $record, &new.id.to_string(), None, &new.custom)?; )?
            tx.record(Fact::created(concat!($kind, ".created"), &new))?;
            Ok(new)
        }

        /// Stores a changed one over the revision it was read at, and tells of it.
        ///
        /// # Errors
        /// 412 if it was changed meanwhile; 409 as [`insert`].
        pub fn save(tx: &mut Tx<'_>, before: &$holding, after: $holding) -> Result<$holding> {
            let row = $row::from(&after);
            tx.attempt(|tx| revise!(tx, table, columns::revision, (before.id, before.revision), &row))
                .map_err(|error| explain(tx, error, &after))?;
            if before.external_refs != after.external_refs {
                references::set(tx, TYPE, &after.id.to_string(), &after.external_refs)?;
            }
            $( $crate::custom_fields::keep(tx, $record, &after.id.to_string(), Some(&before.custom), &after.custom)?; )?
            tx.record(Fact::changed(concat!($kind, ".updated"), before, &after))?;
            Ok(after)
        }

        /// Removes one that nothing names.
        ///
        /// # Errors
        /// 409 `in_use` if something does; 412 if it was changed meanwhile.
        pub fn delete(tx: &mut Tx<'_>, one: &$holding) -> Result<()> {
            let id = one.id;
            tx.attempt(|tx| {
                references::set(tx, TYPE, &id.to_string(), &[])?;
                $( $crate::custom_fields::forget(tx, $record, &id.to_string())?; )?
                $crate::remove!(tx, table, columns::revision, (id, one.revision))
            })?;
            tx.record(Fact::deleted(concat!($kind, ".deleted"), one))
        }

        /// Moves what hangs on one account to another, all of it or only those ids, and answers which, with their
        /// revisions. For merges and splits.
        ///
        /// # Errors
        /// What the database reports.
        pub fn move_to(
            tx: &mut Tx<'_>,
            from: AccountId,
            to: AccountId,
            only: Option<&[String]>,
        ) -> Result<Vec<(String, i64)>> {
            let mut clause = Clause::all();
            clause.equals("account_id", &from);
            if let Some(only) = only {
                clause.one_of("id", only);
            }
            let rows = table
                .filter(clause)
                .order(columns::id)
                .select($row::as_select())
                .load(tx.conn())?;
            let now = tx.now;
            let mut moved = Vec::new();
            for before in complete(tx, rows)? {
                let after = $holding {
                    account_id: to,
                    revision: before.revision + 1,
                    updated_at: now,
                    ..before.clone()
                };
                let after = save(tx, &before, after)?;
                moved.push((after.id.to_string(), after.revision));
            }
            Ok(moved)
        }
    };
}

pub(crate) use holding_queries;
