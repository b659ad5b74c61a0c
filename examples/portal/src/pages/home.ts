// Home: what waits, by kind, and what is unread. The menu stands in the frame.
import type { Portal } from "../api";
import { el, table } from "../dom";
import { t } from "../texts";

export function homePage(portal: Portal): HTMLElement {
  const waiting = portal.work.filter((one) => one.count > 0);
  const rows = waiting.map((one) => [
    el("a", { href: `#/queue/${one.kind}` }, one.label),
    String(one.count),
    one.overdue > 0 ? el("span", { className: "late" }, `${one.overdue} ${t("late")}`) : "",
  ]);
  return el(
    "div",
    {},
    el("h1", { tabIndex: -1 }, portal.branding.name),
    el("h2", {}, t("openWork")),
    rows.length > 0 ? table(t("openWork"), [t("kind"), t("waits"), t("late")], rows) : el("p", {}, t("noWork")),
    el("h2", {}, t("notices")),
    el("p", {}, el("a", { href: "#/notices" }, `${t("unread")}: ${portal.unread_notices}`)),
  );
}
