// Making nodes, and telling people things.
import { Refused, type Problem } from "./api";
import { language, t } from "./texts";

type Child = Node | string | null | false | undefined;
type Properties<T> = { [K in keyof T]?: T[K] } & { data?: Record<string, string>; aria?: Record<string, string> };

/** An element with its properties and children; what is null or false is left out. Text is text, never markup. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties<HTMLElementTagNameMap[K]> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const { data, aria, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(aria ?? {})) node.setAttribute(`aria-${name}`, value);
  node.append(...children.filter((child): child is Node | string => Boolean(child)));
  return node;
}

/** Says something to those who do not see the page change. */
export function say(text: string): void {
  const place = document.getElementById("said")!;
  place.textContent = text;
  // Said once: nobody shall find it later as if it were news.
  setTimeout(() => place.textContent === text && (place.textContent = ""), 5000);
}

/** A list of terms and what they are; terms without a value are left out. */
export function terms(pairs: [string, Child][]): HTMLElement {
  const list = el("dl");
  for (const [term, value] of pairs) if (value) list.append(el("dt", {}, term), el("dd", {}, value));
  return list;
}

/** A table with its headings and rows. */
export function table(caption: string, headings: string[], rows: Child[][]): HTMLElement {
  return el(
    "table",
    {},
    el("caption", { className: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...headings.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell))))),
  );
}

/** A list that is read page by page: the rows that there are, and a button for more. */
export async function paged<T>(page: (cursor: string | undefined) => Promise<{ data: T[]; next_cursor: string | null }>, show: (rows: T[]) => Node): Promise<HTMLElement> {
  const rows: T[] = [];
  const list = el("div", { tabIndex: -1 });
  const more = el("button", { type: "button", className: "plain" }, t("more"));
  let cursor: string | undefined;
  const load = async () => {
    const next = await page(cursor);
    rows.push(...next.data);
    cursor = next.next_cursor ?? undefined;
    list.replaceChildren(rows.length ? show(rows) : el("p", { className: "quiet" }, t("nothing")));
    more.hidden = cursor === undefined;
  };
  more.addEventListener("click", () => void attempt(list, more, load));
  await load();
  return el("div", {}, list, more);
}

/** A labelled field of a form that the portal makes itself. */
export function labelled(text: string, input: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement): HTMLElement {
  input.id ||= `i${crypto.randomUUID()}`;
  return el("div", { className: "field" }, el("label", { htmlFor: input.id }, text), input);
}

/** What the server refused, and why; the focus goes there. `link` makes links to the fields at fault. */
export function tell(where: HTMLElement, problem: Problem, link?: (pointer: string) => HTMLElement | null): void {
  where.querySelector(":scope > .problem")?.remove();
  const faults = (problem.errors ?? []).map((fault) => {
    const field = link?.(fault.pointer);
    if (!field) return el("li", {}, fault.detail);
    return el("li", {}, el("a", { href: `#${field.id}`, onclick: (event) => (event.preventDefault(), field.focus()) }, fault.detail));
  });
  const box = el("div", { className: "problem", tabIndex: -1, role: "alert", lang: problem.code ? "en" : language() }, el("p", {}, problem.detail || problem.title), faults.length > 0 && el("ul", {}, ...faults));
  where.append(box);
  box.focus();
}

/** Does something that may be refused: the button waits meanwhile, and a refusal is told at `where`. Gives whether it was done. */
export async function attempt(where: HTMLElement, button: HTMLButtonElement | null, work: () => Promise<void>, link?: (pointer: string) => HTMLElement | null): Promise<boolean> {
  where.querySelector(":scope > .problem")?.remove();
  if (button) button.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(where, error.problem, link);
    return false;
  } finally {
    if (button) {
      button.disabled = false;
      // A button that waits loses the focus.
      if (document.activeElement === document.body) (button.hidden ? where : button).focus();
    }
  }
}

/** A moment, as people write it. */
export const moment = (time: string | null | undefined) => time && new Date(time).toLocaleString(language(), { dateStyle: "medium", timeStyle: "short" });

/** A day, as people write it. */
export const day = (date: string | null | undefined) => date && new Date(date).toLocaleDateString(language(), { dateStyle: "medium", timeZone: "UTC" });

/** An amount of money. */
export function money(value: { amount: string; currency: string } | null | undefined): string | null {
  return value ? new Intl.NumberFormat(language(), { style: "currency", currency: value.currency }).format(value.amount as `${number}`) : null;
}
