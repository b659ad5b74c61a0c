"""What the check proves at the end: both sides are equal under the map, nothing is there twice, nothing is missing, and no change
that somebody made was lost."""

import json

import crm
import mapping
import memory


def compare(db, api, partners):
    """Every deal with its opportunity, and back. Answers the number of pairs and what is wrong."""
    wrong, pairs = [], 0
    deals = {deal["id"]: deal for partner in partners for deal in api.pages("/v1/deals", partner_id=partner)}
    for deal in deals.values():
        refs = [ref["id"] for ref in deal["external_refs"] if ref["system"] == mapping.SYSTEM]
        link = memory.link_to(db, deal["id"])
        if link is None:
            if deal["review_status"] != "draft" or refs:
                wrong.append(f"{deal['number']} ({deal['review_status']}) has no opportunity; refs {refs}")
            continue
        pairs += 1
        opportunity = crm.find(db, "opportunities", link["crm_id"])
        if refs != [opportunity["id"]]:
            wrong.append(f"{deal['number']} is called {refs}, and is linked to {opportunity['id']}")
        if opportunity["deleted"]:
            if deal["review_status"] not in mapping.ENDED and deal["stage"] not in ("won", "closed_lost"):
                wrong.append(f"{deal['number']} goes on, but {opportunity['id']} is deleted")
            continue
        theirs, ours = mapping.of_deal(deal), mapping.of_opportunity(opportunity)
        for field in mapping.SHARED:
            if theirs[field] != ours[field]:
                wrong.append(f"{deal['number']} {field}: {theirs[field]!r}, in the CRM {ours[field]!r}")
        for column, value in mapping.shown(deal).items():
            if opportunity[column] != value:
                wrong.append(f"{deal['number']} {column}: {value!r}, in the CRM {opportunity[column]!r}")
        account = opportunity["account_id"] and crm.find(db, "accounts", opportunity["account_id"])
        if deal["customer_account_id"] and (not account or account["prm_id"] != deal["customer_account_id"]):
            wrong.append(f"{deal['number']} is for {deal['customer_account_id']}, in the CRM for {account}")
    for row in db.execute("SELECT * FROM opportunities WHERE deleted = 0 AND partner_id IS NOT NULL").fetchall():
        link = memory.link_of(db, "opportunities", row["id"])
        if link is None or link["prm_id"] not in deals:
            wrong.append(f"{row['id']} ({row['name']}) has no deal")
    return pairs, wrong


FOLLOWED = ("title", "next_step", "competitor", "amount", "expected_close_on")


def follow(db, api, client):
    """Every value that somebody wrote into a shared field, on either side: it reached the other side, or somebody of its own side
    wrote another after it, or it stands in a conflict or a refusal. Answers how many were followed, and what was lost."""
    events, cursor = [], "beginning"
    while True:
        page = api.get("/v1/events", cursor=cursor, resource_type="deal", limit=500).body
        events += page["data"]
        if not page["data"]:
            break
        cursor = page["next_cursor"]
    links = {row["crm_id"]: row["prm_id"] for row in db.execute("SELECT * FROM links WHERE object = 'opportunities'")}
    back = {prm_id: crm_id for crm_id, prm_id in links.items()}
    kept = _kept(db)
    ours, theirs = _crm_writes(db, links), _prm_writes(events, back)
    lost, followed = [], 0
    for writes, others, person, name in ((ours, theirs, crm.PERSON, "CRM"), (theirs, ours, client, "OpenPRM")):
        reached = {(key, value) for key, _, _, value in others}
        last = {}
        for key, place, author, value in writes:
            if (author == person) == (name == "CRM"):
                last[key] = place
        for key, place, author, value in writes:
            if (author == person) != (name == "CRM"):
                continue
            followed += 1
            if last[key] == place and (key, value) not in reached and (*key, value) not in kept:
                lost.append(f"{name}: {key[1]} of {key[0]} was set to {value!r}, and that went nowhere")
    return followed, lost


def _crm_writes(db, links):
    """((opportunity, field), place, author, value) in the order of the CRM's log."""
    columns, found, money = {column: field for field, column in mapping.SHARED.items()}, [], {}
    for row in db.execute("SELECT * FROM changes WHERE object = 'opportunities' ORDER BY seq").fetchall():
        changed = {name: new for name, (_, new) in json.loads(row["fields"]).items()}
        known = money.setdefault(row["record_id"], {})
        known |= {name: changed[name] for name in ("amount", "currency") if name in changed}
        if row["record_id"] not in links or "deleted" in changed:
            continue
        for column in changed.keys() & columns.keys():
            field, value = columns[column], changed[column]
            if field in FOLLOWED and value is not None:
                value = mapping.canonical(value, known["currency"]) if field == "amount" else value
                found.append(((row["record_id"], field), row["seq"], row["author"], value))
    return found


def _prm_writes(events, back):
    """The same of the feed. A deal that the CRM got when it was submitted came with all that was written before."""
    found, known = [], {}
    for event in events:
        deal = event["data"]
        if deal is None or event["resource_id"] not in back:
            continue
        now, before = mapping.of_deal(deal), known.get(event["resource_id"], {})
        for field in FOLLOWED:
            if now[field] is not None and now[field] != before.get(field):
                found.append(((back[event["resource_id"]], field), event["cursor"], event["actor"]["id"], now[field]))
        known[event["resource_id"]] = now
    return found


def _kept(db):
    kept = set()
    for row in db.execute("SELECT crm_id, field, crm, prm FROM conflicts"):
        kept |= {(row["crm_id"], row["field"], json.loads(row[side])) for side in ("crm", "prm")}
    for row in db.execute("SELECT crm_id, field, value FROM sync_errors WHERE field <> '*'"):
        kept.add((row["crm_id"], row["field"], json.loads(row["value"])))
    return kept
