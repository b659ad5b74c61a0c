// Pages that list: open work, deals, and whatever else the menu leads to.
import { api, call, take, type Portal, type Schemas } from "../api";
import { el, labelled, money, moment, paged, table } from "../dom";
import { t, word } from "../texts";

/** The pages of records that this portal shows; others are only named. */
export const recordPage = (type: string, id: string) => (type === "deal" ? `#/deals/${id}` : null);

const linked = (text: string, href: string | null) => (href ? el("a", { href }, text) : text);

export async function workPage(portal: Portal, kind: string | undefined): Promise<HTMLElement> {
  const labels = new Map<string, string>(portal.work.map((one) => [one.kind, one.label]));
  const list = await paged(
    (cursor) => take(api.GET("/v1/work-items", { params: { query: { ...(kind ? { kind: [kind as Schemas["WorkItemKind"]] } : {}), ...(cursor ? { cursor } : {}) } } })),
    (rows) =>
      table(t("openWork"), [t("kind"), t("title"), t("since"), t("due")], rows.map((one) => [
        labels.get(one.kind) ?? one.kind,
        linked(one.title, recordPage(one.resource_type, one.resource_id)),
        moment(one.since),
        el("span", { className: one.overdue ? "late" : "" }, moment(one.due_at) || "", one.overdue && ` (${t("late")})`),
      ])),
  );
  const heading = (kind && labels.get(kind)) || t("openWork");
  return el("div", {}, el("h1", { tabIndex: -1 }, heading), list);
}

export async function dealsPage(portal: Portal, mayRegister: boolean): Promise<HTMLElement> {
  const heading = portal.menu.find((one) => one.name === "deals")?.label ?? "";
  const search = el("input", { type: "search" });
  const place = el("div");
  const load = async () => {
    const q = search.value.trim();
    place.replaceChildren(
      await paged(
        (cursor) => take(api.GET("/v1/deals", { params: { query: { sort: "-created_at", expand: ["partner"], ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
        (rows) =>
          table(heading, [t("number"), t("title"), t("partner"), t("status"), t("value"), t("changed")], rows.map((deal) => [
            el("a", { href: `#/deals/${deal.id}` }, deal.number),
            deal.title,
            deal.expanded?.partner?.legal_name,
            word("status", deal.review_status),
            money(deal.amount),
            moment(deal.updated_at),
          ])),
      ),
    );
  };
  search.addEventListener("change", () => void load());
  await load();
  return el(
    "div",
    {},
    el("h1", { tabIndex: -1 }, heading),
    mayRegister && el("p", {}, el("a", { href: "#/register" }, t("register"))),
    labelled(t("search"), search),
    place,
  );
}

/** Where the portal has no page of its own, what the list calls its records. */
export async function otherPage(entry: Portal["menu"][number]): Promise<HTMLElement> {
  const text = (row: Record<string, unknown>, ...names: string[]) => names.map((name) => row[name]).find((value) => typeof value === "string" || typeof value === "number");
  const list = await paged(
    async (cursor) => (await call<{ data: Record<string, unknown>[]; next_cursor: string | null }>("GET", cursor ? `${entry.path}?cursor=${cursor}` : entry.path)).body,
    (rows) =>
      table(entry.label, [t("title"), t("status")], rows.map((row) => [
        String(text(row, "title", "name", "legal_name", "subject", "number", "code", "id") ?? ""),
        String(text(row, "status", "state", "kind") ?? ""),
      ])),
  );
  return el("div", {}, el("h1", { tabIndex: -1 }, entry.label), list);
}
