// What a conflict check found: for partners the part that names nobody, for the vendor all of it.
import type { Schemas } from "../api";
import { el, moment, table, terms } from "../dom";
import { t, word } from "../texts";

// The server writes sentences in English.
const sentences = (texts: string[]) => el("ul", { lang: "en" }, ...texts.map((text) => el("li", {}, text)));
const plain = (code: string) => code.replaceAll("_", " ");

/** The last check of a registration. */
export function verdict(check: Schemas["ConflictCheck"]): HTMLElement {
  const whole = check.assessment;
  const found = whole ?? check.redacted;
  return el(
    "section",
    { className: "verdict", data: { verdict: check.verdict, whole: String(whole !== null) } },
    el("h2", {}, t("verdict"), ": ", word("verdict", check.verdict)),
    el("p", { lang: "en" }, found.summary),
    terms([
      [t("queue"), found.queue_position?.toString()],
      [t("freeFrom"), moment(found.earliest_free_at)],
    ]),
    whole ? evidence(whole) : redacted(check.redacted),
    found.would_clear_if.length > 0 && el("h3", {}, t("clears")),
    found.would_clear_if.length > 0 && sentences(found.would_clear_if.map((one) => one.sentence)),
  );
}

function redacted(found: Schemas["RedactedAssessment"]): HTMLElement {
  return el(
    "div",
    {},
    terms([[t("recognised"), found.customer?.matched.map(plain).join(", ")]]),
    found.claims.length > 0 && el("h3", {}, t("claims")),
    found.claims.length > 0 && sentences(found.claims.map((one) => one.why)),
  );
}

function evidence(found: Schemas["Assessment"]): HTMLElement {
  const matched = found.customer?.matched.map((one) => `${plain(one.signal)}: ${one.a} = ${one.b}`);
  const claims = found.claims.map((one) => [
    one.deal_id ? el("a", { href: `#/deals/${one.deal_id}` }, one.number ?? one.reference) : (one.number ?? plain(one.kind)),
    one.why,
    plain(one.standing),
    word("verdict", one.effect),
  ]);
  return el(
    "div",
    {},
    matched && el("h3", {}, t("recognised")),
    matched && sentences(matched),
    claims.length > 0 && el("h3", {}, t("claims")),
    claims.length > 0 && table(t("claims"), [t("number"), t("why"), t("standing"), t("effect")], claims),
  );
}
