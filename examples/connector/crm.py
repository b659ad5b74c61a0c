"""A mock CRM: accounts and opportunities in an SQLite file, and what its people do to them.

It stands for Salesforce, HubSpot or Dynamics. Every record counts its revisions, and every change is logged with who made it,
as those do by Change Data Capture, webhooks or change tracking. Nothing here knows of OpenPRM, but for the fields that an
administrator would add to a CRM to hold what comes from there (`prm_id`, `registration`, `registration_number`).
"""

import contextlib
import datetime
import json
import secrets
import sqlite3

OPEN_STAGES = ("Prospecting", "Qualification", "Solution Fit", "Business Case", "Negotiation")
CLOSED_WON, CLOSED_LOST = "Closed Won", "Closed Lost"

PERSON, CONNECTOR = "person", "connector"

SCHEMA = """
CREATE TABLE IF NOT EXISTS partners (
    prm_id TEXT PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    website TEXT,
    country TEXT,
    prm_id TEXT UNIQUE,
    revision INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS opportunities (
    id TEXT PRIMARY KEY,
    account_id TEXT REFERENCES accounts(id),
    partner_id TEXT REFERENCES partners(prm_id),
    name TEXT NOT NULL,
    product TEXT,
    amount TEXT,
    currency TEXT,
    close_date TEXT,
    next_step TEXT,
    competitor TEXT,
    stage TEXT NOT NULL,
    loss_reason TEXT,
    order_number TEXT,
    registration TEXT,
    registration_number TEXT,
    revision INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    object TEXT NOT NULL,
    record_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    author TEXT NOT NULL,
    fields TEXT NOT NULL
);
"""

PREFIX = {"accounts": "ACC", "opportunities": "OPP"}


def connect(path):
    """Opens the CRM's database; what was committed outlives a kill."""
    db = sqlite3.connect(path, isolation_level=None, timeout=60)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(SCHEMA)
    return db


@contextlib.contextmanager
def transaction(db):
    """One transaction, which begins as a writer: what it reads stays true until it ends."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def find(db, table, record_id):
    """A record, deleted or not, or None."""
    row = db.execute(f"SELECT * FROM {table} WHERE id = ?", (record_id,)).fetchone()
    return dict(row) if row else None


def insert(db, table, author, record_id=None, **fields):
    """A new record; answers its id."""
    if record_id is None:
        record_id = f"{PREFIX[table]}-{secrets.token_hex(6)}"
    row = {"id": record_id, **fields, "revision": 1, "updated_at": _now()}
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    _log(db, table, record_id, 1, author, {name: [None, value] for name, value in fields.items()})
    return record_id


def update(db, table, author, record_id, **fields):
    """Changes a record. What is the same already is no change."""
    before = find(db, table, record_id)
    changed = {name: [before[name], value] for name, value in fields.items() if before[name] != value}
    if not changed:
        return
    sets = ", ".join(f"{name} = ?" for name in changed)
    values = [value for _, value in changed.values()]
    revision = before["revision"] + 1
    db.execute(
        f"UPDATE {table} SET {sets}, revision = ?, updated_at = ? WHERE id = ?",
        (*values, revision, _now(), record_id),
    )
    _log(db, table, record_id, revision, author, changed)


def _log(db, table, record_id, revision, author, fields):
    row = (table, record_id, revision, author, json.dumps(fields))
    db.execute("INSERT INTO changes (object, record_id, revision, author, fields) VALUES (?, ?, ?, ?, ?)", row)


def _now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")


# What people of the CRM do.


def create_account(db, name, website, country):
    with transaction(db):
        return insert(db, "accounts", PERSON, name=name, website=website, country=country)


def create_opportunity(db, account_id, partner_id, name, product, amount, currency, close_date):
    fields = dict(account_id=account_id, partner_id=partner_id, name=name, product=product)
    fields |= dict(amount=amount, currency=currency, close_date=close_date, stage=OPEN_STAGES[0])
    with transaction(db):
        return insert(db, "opportunities", PERSON, **fields)


def edit(db, opportunity_id, **fields):
    """Changes fields of an opportunity: name, amount, close_date, next_step, competitor, stage."""
    with transaction(db):
        update(db, "opportunities", PERSON, opportunity_id, **fields)


def close_won(db, opportunity_id, order_number):
    edit(db, opportunity_id, stage=CLOSED_WON, order_number=order_number)


def close_lost(db, opportunity_id, loss_reason):
    edit(db, opportunity_id, stage=CLOSED_LOST, loss_reason=loss_reason)


def delete(db, opportunity_id):
    edit(db, opportunity_id, deleted=1)
