// Registering a deal, and changing one: a form that the server describes.
import { Refused, api, call, once, take, type Deal, type Schemas } from "../api";
import { el, say } from "../dom";
import { form, type Form, type Schema } from "../form";
import { t, word } from "../texts";

/** Where the fields of a dry run stand in the form of a deal. */
const MOVED: [string, string][] = [["#/contact", "#/contacts/0"], ["#/need", "#/description"]];

export async function registerPage(id: string | undefined): Promise<HTMLElement> {
  const described = await take(api.GET("/v1/schema/{resource}", { params: { path: { resource: "deals" }, query: { action: "submit", ...(id ? { id } : {}) } } }));
  const heading = el("h1", { tabIndex: -1 }, t(id ? "change" : "register"));
  const schema = (id ? described.update : described.create) as Schema | null;
  if (!schema) return el("div", {}, heading, el("p", {}, t("noForm")));

  // The record as it is stored: nothing yet, or with the ETag that a change must name.
  let stored = id ? await call<Deal>("GET", `/v1/deals/${id}`) : null;
  const draft = !stored || stored.body.review_status === "draft";
  const fields = form(schema, (stored?.body ?? {}) as Record<string, unknown>);
  const answer = el("div", { aria: { live: "polite" } });
  const button = (value: string, text: string, plain = true) => el("button", { value, className: plain ? "plain" : "" }, text);
  const node = el(
    "form",
    { noValidate: true },
    draft && el("p", { className: "quiet" }, t("needed")),
    fields.node,
    answer,
    draft && !stored && button("check", t("check")),
    button("save", t(draft ? "save" : "saveChange"), draft),
    draft && described.submit_by && button("submit", t("submit"), false),
  );

  async function save(): Promise<Deal> {
    if (!stored) {
      stored = await call<Deal>(described.create_by!.method, described.create_by!.path, fields.read(), once());
    } else {
      const path = described.update_by!.path.replace("{id}", stored.body.id);
      const changes = fields.changes();
      if (Object.keys(changes).length > 0) stored = await call<Deal>(described.update_by!.method, path, changes, { "If-Match": stored.etag ?? "*" });
    }
    fields.keep();
    return stored.body;
  }

  async function run(what: string): Promise<void> {
    if (what === "check") return answer.replaceChildren(await dryRun(fields));
    let deal = await save();
    if (what === "submit") deal = (await call<Deal>(described.submit_by!.method, described.submit_by!.path.replace("{id}", deal.id), {}, once())).body;
    say(`${t(what === "submit" ? "submitted" : "saved")}: ${deal.number}`);
    location.hash = `#/deals/${deal.id}`;
  }

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = event.submitter as HTMLButtonElement;
    fields.forget();
    answer.replaceChildren();
    pressed.disabled = true;
    run(pressed.value)
      .catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error;
        fields.tell(error.problem, pressed.value === "check" ? moved : undefined);
      })
      .finally(() => (pressed.disabled = false));
  });
  return el("div", {}, heading, node);
}

const moved = (pointer: string) => MOVED.reduce((at, [from, to]) => (at.startsWith(from) ? at.replace(from, to) : at), pointer);

// Asks what a registration would come to. Partners are told no more than whether somebody would have to look.
async function dryRun(fields: Form): Promise<HTMLElement> {
  const { customer, territory, lines, deal_type, contacts, description } = fields.read() as Partial<Schemas["NewDeal"]>;
  const body = { customer, territory, lines, deal_type, contact: contacts?.[0] && { name: contacts[0].name, email: contacts[0].email }, need: description };
  const { body: told } = await call<Schemas["ConflictDryRun"]>("POST", "/v1/conflict-checks/dry-run", body, once());
  return el(
    "div",
    { className: "verdict", data: { verdict: told.answer } },
    el("p", {}, `${t("verdict")}: `, el("strong", {}, word("verdict", told.answer))),
    told.remaining !== null && el("p", { className: "quiet" }, `${t("dryRunLeft")}: ${told.remaining}`),
  );
}
