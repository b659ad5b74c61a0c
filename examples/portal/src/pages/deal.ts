// A registration: what it says, what the check found, what was asked, and what the reader may do now.
import { api, once, take, type Deal, type Schemas } from "../api";
import { attempt, day, el, labelled, money, moment, say, terms } from "../dom";
import { t, word, type Text } from "../texts";
import { verdict } from "./verdict";

type Redraw = (said: string) => Promise<void>;

/** `changed` is called when something was done that may have cleared open work. */
export async function dealPage(id: string, mayChange: boolean, changed: () => Promise<void>): Promise<HTMLElement> {
  const path = { id };
  const [deal, actions, checks, asked] = await Promise.all([
    take(api.GET("/v1/deals/{id}", { params: { path, query: { expand: ["partner", "territory"] } } })),
    take(api.GET("/v1/deals/{id}/actions", { params: { path } })),
    take(api.GET("/v1/conflict-checks", { params: { query: { deal_id: id, limit: 1 } } })),
    take(api.GET("/v1/deals/{id}/info-requests", { params: { path } })),
  ]);
  const node = el("div");
  const redraw: Redraw = async (said) => {
    const next = await dealPage(id, mayChange, changed);
    node.replaceWith(next);
    next.querySelector<HTMLElement>("h1")?.focus();
    say(said);
    await changed();
  };
  const check = checks.data[0];
  const may = (action: string) => actions.data.some((one) => one.action === action && one.available);
  // The program's reasons, for those who decide.
  const form = ["request_info", "approve", "reject"].some(may) ? await take(api.GET("/v1/schema/{resource}", { params: { path: { resource: "deals" } } })) : null;
  node.append(
    el("h1", { tabIndex: -1 }, `${deal.number} · ${deal.title}`),
    el("p", {}, `${t("status")}: `, el("strong", { className: "status", data: { status: deal.review_status } }, word("status", deal.review_status))),
    facts(deal),
    ...(mayChange ? [el("p", {}, el("a", { href: `#/deals/${id}/change` }, t("change")))] : []),
    ...(check ? [verdict(check)] : []),
    ...asked.data.map((one) => questions(deal, one, may("answer_info"), redraw)),
    ...(form && may("request_info") ? [ask(deal, form, redraw)] : []),
    ...(form && (may("approve") || may("reject")) ? [decide(deal, form, may, redraw)] : []),
    ...hindered(actions.data),
  );
  return node;
}

function facts(deal: Deal): HTMLElement {
  const { decision } = deal;
  return terms([
    [t("partner"), deal.expanded?.partner?.legal_name],
    [t("customer"), deal.customer?.name],
    [t("value"), money(deal.amount)],
    [t("territory"), deal.expanded?.territory?.name ?? deal.territory],
    [t("products"), deal.lines.map((line) => `${line.quantity} × ${line.product}`).join(", ")],
    [t("close"), day(deal.expected_close_on)],
    [t("received"), moment(deal.received_at)],
    [t("due"), moment(deal.review?.due_at)],
    [t("decision"), decision && [moment(decision.decided_at), decision.reason_text].filter(Boolean).join(": ")],
    [t("protection"), moment(deal.protection.ends_at)],
  ]);
}

// What was asked of the partner; with fields for the answers while they are open and the reader's to give.
function questions(deal: Deal, one: Schemas["DealInfoRequest"], mine: boolean, redraw: Redraw): HTMLElement {
  if (one.status !== "open" || !mine) {
    const pairs = one.questions.map((question, at): [string, string] => [question, one.answers[at] ?? "…"]);
    return el("section", {}, el("h2", {}, t("questions")), el("p", { className: "quiet" }, `${t(one.answered_at ? "answered" : "due")}: ${moment(one.answered_at ?? one.due_at)}`), terms(pairs));
  }
  const inputs = one.questions.map(() => el("textarea", { rows: 2, maxLength: 255, required: true }));
  const button = el("button", {}, t("answer"));
  const form = el("form", { className: "answers" }, ...one.questions.map((question, at) => labelled(question, inputs[at]!)), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const body = { answers: inputs.map((input) => input.value) };
    const link = (pointer: string) => inputs[Number(/\d+$/.exec(pointer)?.[0] ?? 0)] ?? null;
    void attempt(form, button, async () => {
      await take(api.POST("/v1/deals/{id}/answer-info", { params: { path: { id: deal.id }, header: once() }, body }));
      await redraw(t("answered"));
    }, link);
  });
  return el("section", {}, el("h2", {}, t("questions")), el("p", { className: "quiet" }, `${t("due")}: ${moment(one.due_at)}`), form);
}

// The reasons that the program offers for an operation.
function reasons(form: Schemas["FormSchema"], operation: string): HTMLSelectElement {
  const offered = form.reasons.find((one) => one.operation === operation)?.reasons ?? [];
  return el("select", {}, new Option("", ""), ...offered.map((one) => new Option(one.label, one.code)));
}

function ask(deal: Deal, described: Schemas["FormSchema"], redraw: Redraw): HTMLElement {
  const lines = el("textarea", { rows: 3, required: true });
  const reason = reasons(described, "requestDealInfo");
  const button = el("button", {}, t("ask"));
  const form = el("form", { className: "ask" }, labelled(t("askQuestions"), lines), labelled(`${t("reason")} (${t("optional")})`, reason), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
    void attempt(form, button, async () => {
      const body = { questions: asked, ...(reason.value ? { reason_code: reason.value } : {}) };
      await take(api.POST("/v1/deals/{id}/request-info", { params: { path: { id: deal.id }, header: once() }, body }));
      await redraw(word("status", "info_requested"));
    }, () => lines);
  });
  return el("section", {}, el("h2", {}, t("ask")), form);
}

function decide(deal: Deal, described: Schemas["FormSchema"], may: (action: string) => boolean, redraw: Redraw): HTMLElement {
  const note = el("textarea", { rows: 2 });
  const reason = reasons(described, "rejectDeal");
  const approve = el("button", { value: "approve" }, t("approve"));
  const reject = el("button", { value: "reject", className: "plain" }, t("reject"));
  const form = el(
    "form",
    { className: "decide" },
    labelled(`${t("note")} (${t("optional")})`, note),
    may("approve") && approve,
    may("reject") && labelled(`${t("reject")}: ${t("reason")}`, reason),
    may("reject") && reject,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter as HTMLButtonElement;
    const params = { path: { id: deal.id }, header: once() };
    const text = note.value;
    void attempt(form, button, async () => {
      if (button === approve) await take(api.POST("/v1/deals/{id}/approve", { params, body: text ? { note: text } : {} }));
      else await take(api.POST("/v1/deals/{id}/reject", { params, body: { reason_code: reason.value, reason_text: text } }));
      await redraw(word("status", button === approve ? "approved" : "rejected"));
    }, (pointer) => ({ "#/reason_code": reason, "#/reason_text": note, "#/note": note })[pointer] ?? null);
  });
  return el("section", {}, el("h2", {}, t("decide")), form);
}

// Actions of this page that the state would allow, but something is in the way of.
function hindered(actions: Schemas["DealActions"]["data"]): HTMLElement[] {
  const names: Record<string, Text> = { submit: "submit", answer_info: "answer", request_info: "ask", approve: "approve", reject: "reject" };
  const told = actions.flatMap((one) => {
    const name = names[one.action];
    return name && !one.available ? one.failing.map((guard) => el("li", {}, `${t(name)}: ${guard.detail}`)) : [];
  });
  return told.length > 0 ? [el("section", {}, el("h2", {}, t("why_not")), el("ul", {}, ...told))] : [];
}
