// The notices of the person who is signed in.
import { api, once, take } from "../api";
import { attempt, el, labelled, moment, paged, say } from "../dom";
import { t } from "../texts";
import { recordPage } from "./lists";

/** `changed` is called when there are fewer unread ones. */
export async function noticesPage(changed: () => Promise<void>): Promise<HTMLElement> {
  const only = el("input", { type: "checkbox", checked: true });
  const place = el("div");
  const all = el("button", { type: "button", className: "plain" }, t("readAll"));

  const load = async () => {
    place.replaceChildren(
      await paged(
        (cursor) => take(api.GET("/v1/notices", { params: { query: { limit: 20, ...(only.checked ? { unread: true } : {}), ...(cursor ? { cursor } : {}) } } })),
        (rows) => el("div", {}, ...rows.map(notice)),
      ),
    );
  };

  const notice = (one: Awaited<ReturnType<typeof read>>): HTMLElement => {
    const href = recordPage(one.resource_type ?? "", one.resource_id ?? "");
    const button = el("button", { type: "button", className: "plain", aria: { label: `${t("markRead")}: ${one.subject}` } }, t("markRead"));
    const node = el(
      "article",
      { className: one.read_at ? "" : "unread" },
      el("h2", { lang: one.locale }, one.subject),
      el("p", { className: "quiet" }, moment(one.occurred_at)),
      el("p", { className: "body", lang: one.locale }, one.body),
      href && el("a", { href, aria: { label: `${t("open")}: ${one.subject}` } }, t("open")),
      " ",
      one.read_at ? el("span", { className: "quiet" }, t("read")) : button,
    );
    button.addEventListener("click", () =>
      void attempt(node, button, async () => {
        const next = notice(await read(one.id));
        node.replaceWith(next);
        next.querySelector("a")?.focus();
        say(`${t("read")}: ${one.subject}`);
        await changed();
      }),
    );
    return node;
  };

  const read = (id: string) => take(api.POST("/v1/notices/{id}/read", { params: { path: { id }, header: once() } }));

  only.addEventListener("change", () => void load());
  all.addEventListener("click", () =>
    void attempt(place, all, async () => {
      await take(api.POST("/v1/notices/read-all", { params: { header: once() }, body: {} }));
      await Promise.all([load(), changed()]);
    }),
  );
  await load();
  return el("div", {}, el("h1", { tabIndex: -1 }, t("notices")), labelled(t("onlyUnread"), only), all, place);
}
