"""People at work on both sides, for the check: small changes at random, each with a value of its own, so that it can be followed."""

import itertools

import crm
import mapping
import memory
import prm

LOSSES = ("price", "competitor", "no_decision", "other")
TEXTS = ("title", "next_step", "competitor")
NUMBERS = itertools.count(1)


class People:
    """Everybody: the CRM's people on its database, the vendor's and the partners' people on OpenPRM's API."""

    def __init__(self, rng, db, url, vendor, approver, partners, password):
        self.rng, self.db, self.count = rng, db, {}
        self.vendor = prm.Api(url, prm.password(vendor, password))
        self.approver = prm.Api(url, prm.password(approver, password))
        self.partners = {}
        for email in partners:
            person = prm.Api(url, prm.password(email, password))
            self.partners[person.get("/v1/me").body["partner_id"]] = person
        self.run = rng.randrange(10**6)

    def act(self):
        """Somebody does something."""
        acts = {
            self.crm_edits: 24,
            self.prm_edits: 24,
            self.both_edit: 10,
            self.crm_moves: 8,
            self.prm_moves: 8,
            self.crm_ends: 5,
            self.prm_ends: 3,
            self.crm_creates: 6,
            self.prm_creates: 6,
            self.prm_submits: 5,
            self.prm_approves: 4,
            self.crm_deletes: 1,
        }
        act = self.rng.choices(list(acts), list(acts.values()))[0]
        done = act()
        name = act.__name__ + ("" if done else " (nothing to do, or refused)")
        self.count[name] = self.count.get(name, 0) + 1

    def value(self, field):
        number = next(NUMBERS)
        if field == "amount":
            return f"{1000 + number}.00"
        if field == "expected_close_on":
            return f"2027-{number % 12 + 1:02}-{number % 28 + 1:02}"
        return f"{field.replace('_', ' ')} of run {self.run}, change {number}"

    # The CRM's.

    def opportunity(self, where="stage NOT LIKE 'Closed%'"):
        rows = self.db.execute(f"SELECT * FROM opportunities WHERE deleted = 0 AND {where} ORDER BY id").fetchall()
        return self.rng.choice(rows) if rows else None

    def crm_edits(self):
        field = self.rng.choice((*TEXTS, *TEXTS, "amount", "expected_close_on"))
        # Mostly what OpenPRM takes; at times what it refuses: amounts after the approval, anything of what ended.
        open_to_it = "registration = 'draft'" if field not in TEXTS else "registration IN ('approved', 'draft')"
        chosen = self.rng.random() < 0.8 and self.opportunity(f"stage NOT LIKE 'Closed%' AND {open_to_it}")
        chosen = chosen or self.opportunity()
        if chosen:
            crm.edit(self.db, chosen["id"], **{mapping.SHARED[field]: self.value(field)})
        return chosen

    def crm_moves(self):
        chosen = self.opportunity()
        if chosen:
            crm.edit(self.db, chosen["id"], stage=self.rng.choice(crm.OPEN_STAGES))
        return chosen

    def crm_ends(self):
        chosen = self.opportunity("stage NOT LIKE 'Closed%' AND registration = 'approved'")
        if chosen and self.rng.random() < 0.7:
            crm.close_won(self.db, chosen["id"], f"SO-{self.run}-{next(NUMBERS)}")
        elif chosen:
            crm.close_lost(self.db, chosen["id"], self.rng.choice(LOSSES))
        return chosen

    def crm_creates(self):
        name = f"Customer {self.run} {next(NUMBERS)}"
        account = crm.create_account(self.db, f"{name} GmbH", f"https://{name.replace(' ', '-').lower()}.example", "DE")
        partner = self.rng.choice(sorted(self.partners))
        amount = f"{self.rng.randrange(5, 90) * 1000}.00"
        return crm.create_opportunity(self.db, account, partner, f"{name}: mail", "CLOUD-MAIL", amount, "EUR", "2027-05-31")

    def crm_deletes(self):
        chosen = self.opportunity()
        if chosen:
            crm.delete(self.db, chosen["id"])
        return chosen

    # OpenPRM's.

    def deal(self, where="1 = 1"):
        """A deal that is linked, as it is now."""
        rows = self.db.execute(
            "SELECT prm_id FROM links JOIN opportunities o ON o.id = crm_id "
            f"WHERE object = 'opportunities' AND o.deleted = 0 AND {where} ORDER BY prm_id"
        ).fetchall()
        answer = self.vendor.get(f"/v1/deals/{self.rng.choice(rows)['prm_id']}") if rows else None
        return answer.body if answer else None

    def write(self, person, method, path, body, revision=None):
        return bool(person.call(method, path, body, key=f"people-{self.run}-{next(NUMBERS)}", revision=revision))

    def change(self, deal, field):
        value = self.value(field)
        body = mapping.patch({field: f"{value} {deal['amount']['currency']}"}) if field == "amount" else {field: value}
        return self.write(self.vendor, "PATCH", f"/v1/deals/{deal['id']}", body, deal["revision"])

    def prm_edits(self):
        deal = self.deal("o.stage NOT LIKE 'Closed%' AND registration IN ('approved', 'draft')")
        if deal is None:
            return None
        draft = deal["review_status"] == "draft"
        return self.change(deal, self.rng.choice((*TEXTS, "amount", "expected_close_on") if draft else TEXTS))

    def both_edit(self):
        """Two people change one field on both sides, before either can know of the other."""
        deal = self.deal("o.stage NOT LIKE 'Closed%' AND registration IN ('approved', 'draft')")
        if deal is None:
            return None
        field = self.rng.choice(TEXTS)
        link = memory.link_to(self.db, deal["id"])
        crm.edit(self.db, link["crm_id"], **{mapping.SHARED[field]: self.value(field)})
        return self.change(deal, field)

    def step(self, person, deal, step, body):
        return self.write(person, "POST", f"/v1/deals/{deal['id']}/{step}", body)

    def prm_moves(self):
        deal = self.deal("o.stage NOT LIKE 'Closed%' AND registration IN ('approved', 'draft')")
        stage = self.rng.choice([stage for stage in mapping.STAGES if stage not in ("won", "closed_lost")])
        return deal and self.step(self.vendor, deal, "move-stage", {"stage": stage})

    def prm_ends(self):
        deal = self.deal("registration = 'approved' AND o.stage NOT LIKE 'Closed%'")
        if deal is None:
            return None
        if self.rng.random() < 0.4:
            return self.step(self.vendor, deal, "lose", {"reason_code": self.rng.choice(LOSSES)})
        order = {"kind": "order", "reference": f"PO-{self.run}-{next(NUMBERS)}"}
        return self.step(self.partners[deal["partner_id"]], deal, "win", {"evidence": [order]})

    def prm_creates(self):
        partner = self.partners[self.rng.choice(sorted(self.partners))]
        name = f"Client {self.run} {next(NUMBERS)}"
        customer = {"name": f"{name} AG", "website": f"https://{name.replace(' ', '-').lower()}.example", "country": "DE"}
        money = {"amount": f"{self.rng.randrange(5, 90) * 1000}.00", "currency": "EUR"}
        body = {"title": f"{name}: mail", "customer": customer, "territory": "DE", "lines": [{"product": "CLOUD-MAIL"}]}
        body |= {"amount": money, "expected_close_on": "2027-06-30"}
        key = f"people-{self.run}-{next(NUMBERS)}"
        made = partner.call("POST", "/v1/deals", body, key=key)
        return made and self.step(partner, made.body, "submit", None)

    def prm_submits(self):
        deal = self.deal("registration = 'draft'")
        return deal and self.step(self.partners[deal["partner_id"]], deal, "submit", None)

    def prm_approves(self):
        deal = self.deal("registration IN ('submitted', 'in_review')")
        return deal and self.step(self.approver, deal, "approve", {})

    def decide(self):
        """Somebody looks at every conflict and every refusal. Answers how many there were."""
        conflicts = self.db.execute("SELECT id FROM conflicts WHERE outcome IS NULL AND choice IS NULL").fetchall()
        for row in conflicts:
            memory.choose(self.db, row["id"], self.rng.choice(("crm", "prm")))
        errors = self.db.execute("SELECT id FROM sync_errors WHERE outcome IS NULL AND choice IS NULL").fetchall()
        for row in errors:
            memory.answer_error(self.db, row["id"], "prm")
        return len(conflicts) + len(errors)
