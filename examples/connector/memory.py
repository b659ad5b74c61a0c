"""What the connector remembers, in the CRM's own database: so that it is written in the transaction of its effect.

`links` holds, for each pair, the deal's revision and the values that both sides last agreed on (`base`): what differs from them was
changed since, and on which side. `intent` is the one write to OpenPRM that may be under way; it is stored before it is sent and
goes with its answer, so that a connector that was killed sends the same call with the same key again.
"""

import json

SCHEMA = """
CREATE TABLE IF NOT EXISTS places (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS links (
    object TEXT NOT NULL,
    crm_id TEXT NOT NULL,
    prm_id TEXT NOT NULL UNIQUE,
    prm_revision INTEGER NOT NULL,
    base TEXT NOT NULL,
    deal TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('linked', 'unlinked')),
    PRIMARY KEY (object, crm_id)
);
CREATE TABLE IF NOT EXISTS todo (object TEXT NOT NULL, crm_id TEXT NOT NULL, PRIMARY KEY (object, crm_id));
CREATE TABLE IF NOT EXISTS intent (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    object TEXT NOT NULL,
    crm_id TEXT NOT NULL,
    crm_revision INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    revision INTEGER,
    key TEXT NOT NULL,
    pushed TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS conflicts (
    id INTEGER PRIMARY KEY,
    crm_id TEXT NOT NULL,
    field TEXT NOT NULL,
    base TEXT,
    crm TEXT,
    prm TEXT,
    crm_revision INTEGER NOT NULL,
    prm_revision INTEGER NOT NULL,
    choice TEXT CHECK (choice IN ('crm', 'prm')),
    outcome TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS open_conflict ON conflicts (crm_id, field) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS sync_errors (
    id INTEGER PRIMARY KEY,
    object TEXT NOT NULL,
    crm_id TEXT NOT NULL,
    crm_revision INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT,
    state TEXT,
    call TEXT NOT NULL,
    problem TEXT NOT NULL,
    choice TEXT CHECK (choice IN ('retry', 'prm')),
    outcome TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS open_error ON sync_errors (object, crm_id, field) WHERE outcome IS NULL;
"""


def prepare(db):
    db.executescript(SCHEMA)


def place(db, name):
    """How far something was read; None if it was not begun."""
    row = db.execute("SELECT value FROM places WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else None


def put_place(db, name, value):
    db.execute("INSERT OR REPLACE INTO places (name, value) VALUES (?, ?)", (name, value))


def link_of(db, object_, crm_id):
    return _link(db.execute("SELECT * FROM links WHERE object = ? AND crm_id = ?", (object_, crm_id)))


def link_to(db, prm_id):
    return _link(db.execute("SELECT * FROM links WHERE prm_id = ?", (prm_id,)))


def _link(rows):
    row = rows.fetchone()
    return dict(row, base=json.loads(row["base"]), deal=json.loads(row["deal"])) if row else None


def put_link(db, link):
    row = dict(link, base=json.dumps(link["base"]), deal=json.dumps(link["deal"]))
    sets = ", ".join(f"{name} = excluded.{name}" for name in row)
    db.execute(
        f"INSERT INTO links ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) "
        f"ON CONFLICT (object, crm_id) DO UPDATE SET {sets}",
        tuple(row.values()),
    )


def add_todo(db, object_, crm_id):
    db.execute("INSERT OR IGNORE INTO todo (object, crm_id) VALUES (?, ?)", (object_, crm_id))


def intent(db):
    row = db.execute("SELECT * FROM intent").fetchone()
    return dict(row, body=json.loads(row["body"]), pushed=json.loads(row["pushed"])) if row else None


def put_intent(db, wanted):
    row = dict(wanted, one=1, body=json.dumps(wanted["body"]), pushed=json.dumps(wanted["pushed"]))
    db.execute(f"INSERT INTO intent ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def open_conflicts(db, crm_id):
    """By field."""
    rows = db.execute("SELECT * FROM conflicts WHERE crm_id = ? AND outcome IS NULL", (crm_id,))
    return {row["field"]: dict(row) for row in rows}


def open_errors(db, object_, crm_id):
    """By field; `*` is the record as a whole."""
    rows = db.execute(
        "SELECT * FROM sync_errors WHERE object = ? AND crm_id = ? AND outcome IS NULL", (object_, crm_id)
    )
    return {row["field"]: dict(row) for row in rows}


def close(db, table, row, outcome):
    db.execute(f"UPDATE {table} SET outcome = ? WHERE id = ?", (outcome, row["id"]))


# What people do about them.


def choose(db, conflict_id, choice):
    """`crm` or `prm`: whose version stands. It counts for the versions that the conflict shows; newer ones are shown anew."""
    _decide(db, "conflicts", conflict_id, choice, "'opportunities'")


def answer_error(db, error_id, choice):
    """`retry`, or `prm` to take back what OpenPRM refused."""
    _decide(db, "sync_errors", error_id, choice, "object")


def _decide(db, table, row_id, choice, object_):
    db.execute("BEGIN IMMEDIATE")
    db.execute(f"UPDATE {table} SET choice = ? WHERE id = ? AND outcome IS NULL", (choice, row_id))
    db.execute(
        f"INSERT OR IGNORE INTO todo (object, crm_id) SELECT {object_}, crm_id FROM {table} WHERE id = ?", (row_id,)
    )
    db.execute("COMMIT")
