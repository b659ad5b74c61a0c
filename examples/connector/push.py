"""From the CRM to OpenPRM: what the next call for a record is, and what its answer means.

A record is compared with what both sides last agreed on, so it does not matter how often it is looked at: what is in step already
asks for no call.
"""

import json
import urllib.parse

import crm
import mapping
import memory
import merge

ACCOUNT_FIELDS = ("name", "website", "country")


def next_call(db, object_, crm_id):
    """The next call for that record, stored as the intent; None if there is nothing to do. Within a transaction."""
    record = crm.find(db, object_, crm_id)
    link = memory.link_of(db, object_, crm_id)
    if object_ == "accounts":
        wanted = _account(record, link)
    else:
        if link:
            merge.settle(db, link)
            record = crm.find(db, object_, crm_id)
        wanted = _opportunity(db, record, link)
    errors = memory.open_errors(db, object_, crm_id)
    if wanted is None or ("*" in errors and errors["*"]["crm_revision"] == record["revision"] and not errors["*"]["choice"]):
        return None
    for field in errors.keys() & {"*"}:
        memory.close(db, "sync_errors", errors[field], "tried again")
    what, method, path, body, revision, pushed = wanted
    key = f"{object_}-{crm_id}-r{record['revision']}-{what}" + (f"-{revision}" if revision is not None else "")
    intent = dict(object=object_, crm_id=crm_id, crm_revision=record["revision"], method=method, path=path, body=body)
    intent |= dict(revision=revision, key=key, pushed=pushed)
    memory.put_intent(db, intent)
    return intent


def _account(account, link):
    """Accounts are the CRM's: an upsert whenever one changed. One that came with a partner's deal is OpenPRM's first, and only
    learns what it is called here."""
    if account["deleted"]:
        return None
    if link is None and account["prm_id"] and account["revision"] == 1:
        return "ref", "PATCH", f"/v1/customer-accounts/{account['prm_id']}", None, None, {}
    said = {name: account[name] for name in ACCOUNT_FIELDS}
    if link and link["base"] == said:
        return None
    return "put", "PUT", _by_external_id("customer-accounts", account["id"]), mapping.account_body(account), None, said


def _opportunity(db, opportunity, link):
    if link is None:
        if opportunity["deleted"] or not opportunity["partner_id"]:
            return None
        account = opportunity["account_id"] and crm.find(db, "accounts", opportunity["account_id"])
        pushed = mapping.of_opportunity(opportunity)
        del pushed["stage"]
        body = mapping.new_deal(opportunity, account)
        return "new", "PUT", _by_external_id("deals", opportunity["id"]), body, None, pushed
    if link["state"] == "unlinked":
        return None
    at, revision, deal = f"/v1/deals/{link['prm_id']}", link["prm_revision"], link["deal"]
    said = {} if opportunity["deleted"] else _news(db, opportunity, link)
    pushed = {name: value for name, value in said.items() if name != "stage"}
    if said.get("stage") == "won":
        # What was sold belongs to the report of the win; everything else is said before it.
        pushed.pop("amount", None)
    body, ours = mapping.patch(pushed), {"system": mapping.SYSTEM, "id": opportunity["id"]}
    if ours not in deal["external_refs"]:
        body["external_refs"] = [*deal["external_refs"], ours]
    if body:
        return "patch", "PATCH", at, body, revision, pushed
    over = deal["review_status"] in mapping.ENDED or deal["stage"] in ("won", "closed_lost")
    if opportunity["deleted"] and not over:
        return "withdraw", "POST", f"{at}/withdraw", {"reason": "Deleted in the CRM."}, revision, {}
    if "stage" in said:
        operation, body = mapping.step(opportunity, said["stage"], said.get("amount"))
        return operation, "POST", f"{at}/{operation}", body, revision, said
    return None


def _news(db, opportunity, link):
    """What the CRM says otherwise than both sides agreed on, but for what is in conflict or was refused."""
    rests = memory.open_conflicts(db, opportunity["id"]).keys() | memory.open_errors(db, "opportunities", opportunity["id"]).keys()
    ours = mapping.of_opportunity(opportunity)
    return {field: ours[field] for field in ours if field not in rests and ours[field] != link["base"].get(field)}


def _by_external_id(collection, crm_id):
    return f"/v1/{collection}/by-external-id/{mapping.SYSTEM}/{urllib.parse.quote(crm_id, safe='')}"


def accepted(db, intent, record):
    """The call had its effect; `record` is the answer. Within a transaction."""
    if intent["object"] == "accounts":
        said = intent["pushed"]
        if intent["method"] == "PATCH":
            said = {"name": record["name"], "website": record["website"], "country": (record["address"] or {}).get("country")}
            crm.update(db, "accounts", crm.CONNECTOR, intent["crm_id"], **said)
        crm.update(db, "accounts", crm.CONNECTOR, intent["crm_id"], prm_id=record["id"])
        link = dict(object="accounts", crm_id=intent["crm_id"], prm_id=record["id"], prm_revision=record["revision"])
        memory.put_link(db, link | {"base": said, "deal": {}, "state": "linked"})
        return
    link = memory.link_of(db, "opportunities", intent["crm_id"])
    if link is None:
        link = dict(object="opportunities", crm_id=intent["crm_id"], prm_id=record["id"], prm_revision=0)
        # The stage was not sent; the program's first one is what both sides begin with.
        link |= {"base": {"stage": record["stage"]}, "deal": {}, "state": "linked"}
    merge.take(db, link, record, intent["pushed"])


def refused(db, intent, problem):
    """The call was refused, and would be again: what it said rests, with the problem, until somebody looks at it or the record
    changes. Within a transaction."""
    link = memory.link_of(db, intent["object"], intent["crm_id"])
    problem = problem or {}
    pointers = {fault["pointer"].removeprefix("#/").split("/")[0] for fault in problem.get("errors") or []}
    sent = intent["pushed"].keys() if link and intent["object"] == "opportunities" else set()
    fields = sent & pointers or sent & {"stage"} or {"*"}
    for field in sorted(fields):
        value = json.dumps(intent["pushed"].get(field))
        row = (intent["object"], intent["crm_id"], intent["crm_revision"], field, value)
        state = link["deal"].get("review_status") if link else None
        db.execute(
            "INSERT INTO sync_errors (object, crm_id, crm_revision, field, value, state, call, problem) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, state, f"{intent['method']} {intent['path']}", json.dumps(problem)),
        )
