"""Merging a deal into its opportunity: three ways, field by field.

A field that only one side changed since both agreed (`base`) is that side's. One that both changed is a conflict: both versions are
kept, neither is overwritten, and the field rests until somebody chooses.
"""

import json

import crm
import mapping
import memory

UNKNOWN = object()  # the base of a pair that was linked without ever having agreed


def take(db, link, deal, pushed=None):
    """Brings what a deal says into its opportunity, and the link up to date. Within a transaction. `pushed` is what this very
    answer confirms: fields as the CRM had them when they were sent."""
    base = link["base"]
    base.update(pushed or {})
    opportunity = crm.find(db, "opportunities", link["crm_id"])
    theirs, ours = mapping.of_deal(deal), mapping.of_opportunity(opportunity)
    conflicts = memory.open_conflicts(db, link["crm_id"])
    news = {}
    for field in mapping.SHARED:
        their, our, known = theirs[field], ours[field], base.get(field, UNKNOWN)
        if field in conflicts:
            _update(db, conflicts[field], base, our, their, opportunity, deal)
        elif their == our:
            base[field] = their
        elif their == known:
            pass  # only the CRM's side is new: it goes the other way
        elif our == known:
            base[field] = news[field] = their
        else:
            _open(db, link["crm_id"], field, None if known is UNKNOWN else known, our, their, opportunity, deal)
    if link["deal"].get("review_status") != deal["review_status"]:
        _forgive(db, link["crm_id"])
    link["prm_revision"], link["state"] = deal["revision"], "linked"
    link["deal"] = {name: deal[name] for name in ("review_status", "stage", "external_refs", "customer_account_id")}
    columns = mapping.columns(news) | mapping.shown(deal)
    account = _account(db, deal)
    if account:
        columns["account_id"] = account
    crm.update(db, "opportunities", crm.CONNECTOR, link["crm_id"], **columns)
    memory.put_link(db, link)
    memory.add_todo(db, "opportunities", link["crm_id"])


def adopt(db, deal, opportunity_id=None):
    """An opportunity for a deal that has none; or the link to the one that the deal names."""
    known = opportunity_id and crm.find(db, "opportunities", opportunity_id)
    base = {}
    if not known:
        base = mapping.of_deal(deal)
        columns = mapping.columns(base) | {"partner_id": deal["partner_id"], "account_id": _account(db, deal)}
        opportunity_id = crm.insert(db, "opportunities", crm.CONNECTOR, opportunity_id, **columns)
    link = dict(object="opportunities", crm_id=opportunity_id, prm_id=deal["id"], prm_revision=0, base=base)
    take(db, link | {"deal": {}, "state": "linked"}, deal)


def let_go(db, link):
    """The deal is gone, or OpenPRM does not show it any more: the opportunity stays with the CRM's people, unlinked."""
    crm.update(db, "opportunities", crm.CONNECTOR, link["crm_id"], registration="unlinked")
    memory.put_link(db, link | {"state": "unlinked"})


def settle(db, link):
    """Carries out what people chose, and drops refusals of what the CRM no longer says. Within a transaction."""
    opportunity = crm.find(db, "opportunities", link["crm_id"])
    ours, base, news = mapping.of_opportunity(opportunity), link["base"], {}
    for field, row in memory.open_conflicts(db, link["crm_id"]).items():
        their, seen = json.loads(row["prm"]), json.loads(row["crm"])
        if ours[field] == their:
            base[field] = their
            memory.close(db, "conflicts", row, "agreed")
        elif ours[field] != seen:
            _show(db, row, ours[field], their, opportunity["revision"], row["prm_revision"])
        elif row["choice"]:
            # Either way the CRM has seen OpenPRM's version now; its own, if that was chosen, is then a change of it.
            base[field] = their
            if row["choice"] == "prm":
                news[field] = their
            memory.close(db, "conflicts", row, row["choice"])
    for field, row in memory.open_errors(db, "opportunities", link["crm_id"]).items():
        same = opportunity["revision"] == row["crm_revision"] if field == "*" else ours[field] == json.loads(row["value"])
        if not same:
            memory.close(db, "sync_errors", row, "changed")
        elif row["choice"]:
            if row["choice"] == "prm" and field != "*":
                news[field] = base[field]
            memory.close(db, "sync_errors", row, row["choice"])
    crm.update(db, "opportunities", crm.CONNECTOR, link["crm_id"], **mapping.columns(news))
    memory.put_link(db, link)


def _open(db, crm_id, field, known, our, their, opportunity, deal):
    row = (crm_id, field, json.dumps(known), json.dumps(our), json.dumps(their))
    db.execute(
        "INSERT INTO conflicts (crm_id, field, base, crm, prm, crm_revision, prm_revision) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*row, opportunity["revision"], deal["revision"]),
    )


def _update(db, row, base, our, their, opportunity, deal):
    """A conflict that goes on: it shows the latest of both sides, and a choice among older ones does not count."""
    if our == their:
        base[row["field"]] = their
        memory.close(db, "conflicts", row, "agreed")
    elif (our, their) != (json.loads(row["crm"]), json.loads(row["prm"])):
        _show(db, row, our, their, opportunity["revision"], deal["revision"])


def _show(db, row, our, their, crm_revision, prm_revision):
    """The row as it was stays, as a record of what somebody wrote; a new one takes its place."""
    memory.close(db, "conflicts", row, "overtaken")
    db.execute(
        "INSERT INTO conflicts (crm_id, field, base, crm, prm, crm_revision, prm_revision) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row["crm_id"], row["field"], row["base"], json.dumps(our), json.dumps(their), crm_revision, prm_revision),
    )


def _forgive(db, crm_id):
    """The review moved on, so what was refused before may be accepted now: it is tried once more."""
    for row in memory.open_errors(db, "opportunities", crm_id).values():
        memory.close(db, "sync_errors", row, "state changed")


def _account(db, deal):
    """The account of the deal's customer in the CRM, made if it is new there; None while OpenPRM does not know the customer."""
    prm_id, customer = deal["customer_account_id"], deal["customer"]
    if prm_id is None or customer is None:
        return None
    row = db.execute("SELECT id FROM accounts WHERE prm_id = ?", (prm_id,)).fetchone()
    if row:
        return row["id"]
    fields = {name: customer[name] for name in ("name", "website", "country")}
    account_id = crm.insert(db, "accounts", crm.CONNECTOR, prm_id=prm_id, **fields)
    memory.add_todo(db, "accounts", account_id)
    return account_id
