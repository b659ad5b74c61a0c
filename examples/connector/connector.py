#!/usr/bin/env python3
"""Keeps the mock CRM in step with OpenPRM, both ways. It may be killed at any moment, and goes on where it was.

    connector.py --crm FILE --url http://127.0.0.1:8080 [--partner ID …]

The service client's credentials are in OPENPRM_CLIENT_ID and OPENPRM_CLIENT_SECRET. It needs the scopes events:read, deals:read,
deals:write, partners:read, customers:read and customers:write. README.md says how it works.
"""

import argparse
import os
import sys

import crm
import mapping
import memory
import merge
import prm
import push

WAIT = 1  # seconds that the feed may keep a call; a connector with a thread for each direction would take 30
TURN = 20  # records that are sent before the feed is read again


class Connector:
    def __init__(self, db, api, partners):
        self.db, self.api, self.partners = db, api, partners

    def run(self):
        while True:
            self.finish_intent()
            if memory.place(self.db, "feed") is None:
                self.load()
            self.send_changes()
            self.read_feed()

    # From the CRM.

    def send_changes(self):
        with crm.transaction(self.db):
            seen = int(memory.place(self.db, "changes") or 0)
            last = self.db.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0]
            self.db.execute(
                "INSERT OR IGNORE INTO todo (object, crm_id) SELECT object, record_id FROM changes "
                "WHERE seq > ? AND seq <= ? AND author <> ?",
                (seen, last, crm.CONNECTOR),
            )
            memory.put_place(self.db, "changes", str(last))
        # Accounts first: OpenPRM shall know the customer when it reads of the deal. Some at a time, so that a pile of them does not
        # keep the feed waiting.
        waiting = self.db.execute("SELECT object, crm_id FROM todo ORDER BY object, rowid LIMIT ?", (TURN,)).fetchall()
        for row in waiting:
            self.send(row["object"], row["crm_id"])

    def send(self, object_, crm_id):
        """Makes the calls that bring one record into step."""
        while True:
            with crm.transaction(self.db):
                wanted = push.next_call(self.db, object_, crm_id)
                if wanted is None:
                    # Whatever the CRM's people change after this moment is a change of its own.
                    self.db.execute("DELETE FROM todo WHERE object = ? AND crm_id = ?", (object_, crm_id))
                    return
            self.finish_intent()

    def finish_intent(self):
        """Makes the call that is stored, for the first time or again, and keeps what it led to with its end."""
        intent = memory.intent(self.db)
        if intent is None:
            return
        if intent["method"] == "PATCH" and intent["object"] == "accounts":
            answer = self.name_account(intent)
        else:
            answer = self.api.call(
                intent["method"], intent["path"], intent["body"], key=intent["key"], revision=intent["revision"]
            )
        link = memory.link_of(self.db, intent["object"], intent["crm_id"])
        # Somebody changed the deal since: what it is now decides, and then the change is looked at anew.
        current = self.api.get(f"/v1/deals/{link['prm_id']}") if answer.code == "precondition_failed" else None
        with crm.transaction(self.db):
            self.db.execute("DELETE FROM intent")
            if answer:
                push.accepted(self.db, intent, answer.body)
            elif answer.status == 404 and link:
                merge.let_go(self.db, link)
            elif current:
                merge.take(self.db, link, current.body)
            elif current is None:
                push.refused(self.db, intent, answer.body)

    def name_account(self, intent):
        """Tells OpenPRM what an account that came from there is called in the CRM."""
        while True:
            account = self.api.get(intent["path"])
            ours = {"system": mapping.SYSTEM, "id": intent["crm_id"]}
            if not account or ours in account.body["external_refs"]:
                return account
            body = {"external_refs": [*account.body["external_refs"], ours]}
            answer = self.api.call("PATCH", intent["path"], body, key=intent["key"], revision=account.body["revision"])
            if answer.code != "precondition_failed":
                return answer

    # From OpenPRM.

    def load(self):
        """Everything there is. The feed's cursor is taken before, so that what happens meanwhile is not missed."""
        begin = memory.place(self.db, "load")
        if begin is None:
            begin = self.api.get("/v1/events", cursor="now", limit=1).body["next_cursor"]
            with crm.transaction(self.db):
                memory.put_place(self.db, "load", begin)
        for partner in self.api.pages("/v1/partners"):
            with crm.transaction(self.db):
                self.take_partner(partner)
        listed = set()
        for partner in self.partners or [None]:
            for deal in self.api.pages("/v1/deals", partner_id=partner):
                listed.add(deal["id"])
                with crm.transaction(self.db):
                    self.take_deal(deal)
        # What was here and is not listed any more. (After a first load there is nothing of the kind.)
        for row in self.db.execute("SELECT prm_id FROM links WHERE object = 'opportunities' AND state = 'linked'").fetchall():
            if row["prm_id"] not in listed and self.api.get(f"/v1/deals/{row['prm_id']}").status == 404:
                with crm.transaction(self.db):
                    merge.let_go(self.db, memory.link_to(self.db, row["prm_id"]))
        with crm.transaction(self.db):
            memory.put_place(self.db, "feed", begin)
            memory.put_place(self.db, "load", None)

    def read_feed(self):
        page = self.api.get(
            "/v1/events",
            cursor=memory.place(self.db, "feed"),
            resource_type="deal,partner",
            exclude_origin="self",
            wait=0 if self.db.execute("SELECT 1 FROM todo").fetchone() else WAIT,
        )
        if page.status == 410:
            # The cursor is older than what is kept, or of another database: read everything again.
            with crm.transaction(self.db):
                memory.put_place(self.db, "feed", None)
            return
        if not page:
            raise RuntimeError(f"the feed: {page.status} {page.body}")
        for event in page.body["data"]:
            with crm.transaction(self.db):
                self.take_event(event)
                memory.put_place(self.db, "feed", event["cursor"])
        with crm.transaction(self.db):
            memory.put_place(self.db, "feed", page.body["next_cursor"])

    def take_event(self, event):
        """What an event says, within the transaction that also keeps its cursor."""
        if event["resource_type"] == "partner":
            if event["data"]:
                self.take_partner(event["data"])
        elif event["deleted"]:
            link = memory.link_to(self.db, event["resource_id"])
            if link:
                merge.let_go(self.db, link)
        elif event["data"]:
            self.take_deal(event["data"])

    def take_deal(self, deal):
        if self.partners and deal["partner_id"] not in self.partners:
            return
        link = memory.link_to(self.db, deal["id"])
        ours = [ref["id"] for ref in deal["external_refs"] if ref["system"] == mapping.SYSTEM]
        if link:
            # Read before, in an answer or a list: an echo, or an event from before the list.
            if deal["revision"] > link["prm_revision"] or link["state"] == "unlinked":
                merge.take(self.db, link, deal)
        elif ours and memory.link_of(self.db, "opportunities", ours[0]) is None:
            merge.adopt(self.db, deal, ours[0])
        elif deal["review_status"] != "draft":
            # A draft is the partner's own until it is sent in.
            merge.adopt(self.db, deal)

    def take_partner(self, partner):
        row = (partner["id"], partner["legal_name"])
        self.db.execute("INSERT OR REPLACE INTO partners (prm_id, name) VALUES (?, ?)", row)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--crm", required=True, help="the mock CRM's SQLite file")
    arguments.add_argument("--url", required=True, help="where OpenPRM listens")
    arguments.add_argument("--partner", action="append", default=[], help="keep the deals of these partners only (an id)")
    given = arguments.parse_args()
    db = crm.connect(given.crm)
    memory.prepare(db)
    sign_in = prm.client_credentials(os.environ["OPENPRM_CLIENT_ID"], os.environ["OPENPRM_CLIENT_SECRET"])
    Connector(db, prm.Api(given.url, sign_in, tag="crm-connector"), given.partner).run()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
