#!/usr/bin/env python3
"""Proves that the connector keeps both sides in step, however often it is killed.

    check.py --url http://127.0.0.1:8080 [--seed N] [--kills N] [--changes N] [--crm FILE]

It works on the demo program (`openprm serve --demo`): people change deals and opportunities at random, sometimes the same field on
both sides at once, while the connector is killed with SIGKILL again and again, at its first load too. Then it goes on undisturbed,
every conflict and refusal is decided, and both sides are compared. It ends with 1 if they differ, or if any change was lost.
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import audit
import connector
import crm
import gate
import memory
import people
import prm

HERE = pathlib.Path(__file__).parent
PASSWORD = os.environ.get("OPENPRM_DEMO_PASSWORD", "demo-channel-2026")
VENDOR, APPROVER = "admin@demo.example", "approver@demo.example"
PARTNERS = ("sales@nordwind.example", "sales@bluepeak.example")
SCOPES = ["events:read", "deals:read", "deals:write", "partners:read", "customers:read", "customers:write"]
PATIENCE = 180  # seconds until both sides must be in step
LIMIT = 600  # seconds for all of it: calls are repeated for as long as a server does not answer


class Check:
    def __init__(self, given, file):
        self.rng, self.url, self.file = random.Random(given.seed), given.url, file
        self.db = crm.connect(file)
        memory.prepare(self.db)
        self.people = people.People(self.rng, self.db, given.url, VENDOR, APPROVER, PARTNERS, PASSWORD)
        name = f"crm-connector-{self.people.run}"
        made = self.people.vendor.call("POST", "/v1/service-clients", {"name": name, "scopes": SCOPES}, key=name)
        if not made:
            raise SystemExit(f"no service client: {made.status} {made.body}")
        self.client, secret = made.body["client"]["id"], made.body["client_secret"]
        self.api = prm.Api(given.url, prm.client_credentials(self.client, secret))
        self.environment = os.environ | {"OPENPRM_CLIENT_ID": self.client, "OPENPRM_CLIENT_SECRET": secret}
        self.process, self.kills = None, 0
        self.gate = gate.Gate(given.url, lambda: self.process.kill(), random.Random(given.seed))

    def start(self):
        command = [sys.executable, HERE / "connector.py", "--crm", self.file, "--url", self.gate.url]
        for partner in self.people.partners:
            command += ["--partner", partner]
        self.process = subprocess.Popen(command, env=self.environment)

    def kill(self):
        """At this moment, if the gate did not do it at a worse one."""
        if self.process.poll() not in (None, -signal.SIGKILL):
            raise SystemExit(f"the connector ended by itself with {self.process.returncode}")
        self.gate.arm(None)
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def disturb(self, kills, changes):
        """The CRM has opportunities of its own before; then lives of the connector, each ended at a random moment."""
        for _ in range(5):
            self.people.crm_creates()
        while memory.place(self.db, "feed") is None:
            self.start()
            self.go_on(self.rng.uniform(0.2, 1 + self.kills))
            self.kill()
        # As if it had been off for longer than events are kept: the feed answers 410, and everything is read again.
        memory.put_place(self.db, "feed", "0fffffffffffffff")
        self.start()
        self.until_quiet()
        self.kill()
        # From here on both sides know of each other by the feed alone.
        lives = max(1, kills)
        for life in range(lives):
            self.start()
            for _ in range(changes // lives):
                self.people.act()
                time.sleep(self.rng.choice((0, 0, 0, 0.05, 0.2)))
            # It shall die with work at hand of both directions: at some moment, or at one of the two worst.
            self.gate.arm((None, "write", "feed")[life % 3])
            for _ in range(4):
                self.rng.choice((self.people.crm_creates, self.people.crm_edits, self.people.prm_edits))()
            until = time.monotonic() + (self.rng.uniform(0, 0.3) if life % 3 == 0 else 3)
            while time.monotonic() < until and self.process.poll() is None:
                time.sleep(0.01)
            self.kill()

    def go_on(self, seconds):
        """People do what they do while the connector reads everything for the first time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.people.act()
            time.sleep(0.1)

    def settle(self):
        """The connector goes on until nothing is left to do, and everything that waits for a person is decided."""
        self.start()
        decided = 0
        while True:
            self.until_quiet()
            number = self.people.decide()
            decided += number
            if number == 0:
                self.kill()
                return decided

    def until_quiet(self):
        until = time.monotonic() + PATIENCE
        while not self.is_quiet():
            if self.process.poll() is not None:
                raise SystemExit(f"the connector ended by itself with {self.process.returncode}")
            if time.monotonic() > until:
                raise SystemExit(f"not in step after {PATIENCE} seconds")
            time.sleep(0.1)

    def is_quiet(self):
        if memory.intent(self.db) or self.db.execute("SELECT 1 FROM todo").fetchone():
            return False
        place, last = memory.place(self.db, "changes"), "SELECT max(seq) FROM changes WHERE author = 'person'"
        if int(place or 0) < (self.db.execute(last).fetchone()[0] or 0):
            return False
        feed = memory.place(self.db, "feed")
        if feed is None:
            return False
        page = self.api.get("/v1/events", cursor=feed, resource_type="deal,partner", exclude_origin="self", limit=1)
        return page and not page.body["data"]

    def tombstone(self):
        """A deal that is not shown any more: its opportunity stays, unlinked. The vendor sees all deals, so that the event is made up
        here, and its effect undone."""
        linked = "SELECT prm_id FROM links JOIN opportunities o ON o.id = crm_id WHERE object = 'opportunities' AND o.deleted = 0"
        prm_id = self.db.execute(linked).fetchone()["prm_id"]
        event = {"resource_type": "deal", "resource_id": prm_id, "deleted": True, "data": None}
        self.db.execute("BEGIN")
        connector.Connector(self.db, self.api, []).take_event(event)
        link = memory.link_to(self.db, prm_id)
        opportunity = crm.find(self.db, "opportunities", link["crm_id"])
        self.db.execute("ROLLBACK")
        return link["state"] == "unlinked" and opportunity["registration"] == "unlinked" and not opportunity["deleted"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--url", required=True, help="where OpenPRM serves the demo program")
    arguments.add_argument("--seed", type=int, default=1, help="what people do is drawn by it; when, is not")
    arguments.add_argument("--kills", type=int, default=8, help="lives of the connector after its first load")
    arguments.add_argument("--changes", type=int, default=200, help="how many things people do")
    arguments.add_argument("--crm", help="where to keep the mock CRM; by default it goes at the end")
    given = arguments.parse_args()
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"not done after {LIMIT} seconds"))
    signal.alarm(LIMIT)
    with tempfile.TemporaryDirectory() as folder:
        check, begun = Check(given, given.crm or os.path.join(folder, "crm.db")), time.monotonic()
        try:
            check.disturb(given.kills, given.changes)
            decided = check.settle()
        finally:
            if check.process:
                check.process.kill()
                check.process.wait()
        return report(check, decided, time.monotonic() - begun)


def report(check, decided, seconds):
    db = check.db
    pairs, wrong = audit.compare(db, check.people.vendor, check.people.partners)
    followed, lost = audit.follow(db, check.people.vendor, check.client)
    if not check.tombstone():
        wrong.append("a tombstone did not unlink its opportunity")
    for name, number in sorted(check.people.count.items()):
        print(f"  {name}: {number}")
    for table in ("conflicts", "sync_errors"):
        outcomes = db.execute(f"SELECT outcome, count(*) FROM {table} GROUP BY outcome ORDER BY outcome").fetchall()
        print(f"  {table}: " + ", ".join(f"{outcome} {number}" for outcome, number in outcomes))
    print(
        f"{check.kills} kills, {check.gate.fired} of them at the worst moments, in {seconds:.0f} s: "
        f"{pairs} pairs compared, {len(wrong)} wrong; "
        f"{followed} changes followed, {len(lost)} lost; {decided} decided by people"
    )
    for line in (*wrong, *lost):
        print(f"  {line}")
    if pairs == 0 or followed == 0:
        print("nothing was compared")
        return 1
    return 1 if wrong or lost else 0


if __name__ == "__main__":
    sys.exit(main())
