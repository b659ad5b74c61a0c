"""The map: which field of a deal is which field of an opportunity, and whose it is.

Both sides are brought into one form, a dictionary by the names of the deal's fields, in which values can be compared. All that
is peculiar to a CRM is in this file and in crm.py.
"""

import decimal

import crm

# How many digits after the point a currency has (ISO 4217), where it is not two. An amount is never rounded to fit.
DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

SYSTEM = "crm"  # what OpenPRM calls this CRM in external_refs

# Shared fields: either side may change them. The stage goes by operations of its own, the others by PATCH.
SHARED = {
    "title": "name",
    "next_step": "next_step",
    "competitor": "competitor",
    "amount": "amount",
    "expected_close_on": "close_date",
    "stage": "stage",
}
# Fields that are OpenPRM's alone: the CRM shows them.
SHOWN = {"review_status": "registration", "number": "registration_number", "closed_reason": "loss_reason"}

STAGES = {
    "prospect": "Prospecting",
    "qualified": "Qualification",
    "technical_validation": "Solution Fit",
    "business_validation": "Business Case",
    "committed": "Negotiation",
    "won": crm.CLOSED_WON,
    "closed_lost": crm.CLOSED_LOST,
}
STAGES_BACK = {label: code for code, label in STAGES.items()}

# Reviews that ended without a grant, or lost it: there is nothing left to withdraw.
ENDED = {"rejected", "withdrawn", "lapsed", "revoked", "superseded"}


def of_deal(deal):
    """The shared fields of a deal."""
    money = deal["amount"]
    return {
        "title": deal["title"],
        "next_step": deal["next_step"],
        "competitor": deal["competitor"],
        "amount": money and canonical(money["amount"], money["currency"]),
        "expected_close_on": deal["expected_close_on"],
        "stage": deal["stage"],
    }


def of_opportunity(opportunity):
    """The shared fields of an opportunity, in the form of a deal's."""
    common = {name: opportunity[column] for name, column in SHARED.items()}
    common["stage"] = STAGES_BACK[opportunity["stage"]]
    if opportunity["amount"] is not None:
        common["amount"] = canonical(opportunity["amount"], opportunity["currency"])
    return common


def canonical(amount, currency):
    """`72000.00 EUR`: one text for one amount, with the digits of its currency."""
    value = decimal.Decimal(amount)
    whole = f"{value:.{DIGITS.get(currency, 2)}f}"
    # What has more digits than the currency goes as it is, and is refused.
    return f"{whole if decimal.Decimal(whole) == value else value} {currency}"


def money(text):
    """The amount as OpenPRM takes it."""
    if text is None:
        return None
    amount, currency = text.split(" ")
    return {"amount": amount, "currency": currency}


def columns(common):
    """Fields in the form of a deal's, as columns of an opportunity."""
    found = {}
    for name, value in common.items():
        if name == "amount":
            found["amount"], found["currency"] = value.split(" ") if value else (None, None)
        elif name == "stage":
            found["stage"] = STAGES[value]
        else:
            found[SHARED[name]] = value
    return found


def shown(deal):
    """What the CRM shows of a deal without having a say in it. Why it was lost is known to the CRM first if it was lost there."""
    return {column: deal[name] for name, column in SHOWN.items() if deal[name] is not None}


def patch(common):
    """Fields as the body of a PATCH."""
    return {name: money(value) if name == "amount" else value for name, value in common.items()}


def new_deal(opportunity, account):
    """An opportunity as a draft of a registration on the partner's behalf."""
    common = of_opportunity(opportunity)
    del common["stage"]  # a draft begins in the program's first stage; the stage is moved afterwards
    body = patch({name: value for name, value in common.items() if value is not None})
    body |= {"partner_id": opportunity["partner_id"], "source": "vendor_lead"}
    if account:
        customer = {"name": account["name"], "website": account["website"], "country": account["country"]}
        body |= {"customer": customer, "territory": account["country"]}
    if opportunity["product"]:
        body["lines"] = [{"product": opportunity["product"]}]
    return body


def step(opportunity, stage, amount):
    """The operation that brings a deal to that stage, and its body. `amount` is what was sold, if that is news."""
    if stage == "won":
        order = {"kind": "order", "reference": opportunity["order_number"] or opportunity["id"]}
        return "win", {"evidence": [order]} | ({"amount": money(amount)} if amount else {})
    if stage == "closed_lost":
        return "lose", {"reason_code": opportunity["loss_reason"] or "other"}
    return "move-stage", {"stage": stage}


def account_body(account):
    """An account as an upsert takes it. What the CRM does not know is left out, and stays as it is."""
    address = {"country": account["country"]} if account["country"] else None
    body = {"name": account["name"], "website": account["website"], "address": address}
    return {name: value for name, value in body.items() if value is not None}
