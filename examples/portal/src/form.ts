// A form that renders itself from the JSON Schema of GET /v1/schema/{resource}. Nothing here knows a field, a label or a
// choice of what it writes; fields that are not the caller's are not in the schema.
import { call } from "./api";
import { el, tell } from "./dom";
import { language, t } from "./texts";
import type { Problem } from "./api";

/** What of JSON Schema, and of the words beside it, the form reads. */
export interface Schema {
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: { const: string | null; title: string }[];
  enum?: string[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  readOnly?: boolean;
  "x-widget"?: string;
  "x-order"?: number;
  "x-group"?: string;
  "x-groups"?: { name: string; label: string }[];
  "x-locked"?: string;
  "x-required-for"?: string[];
  "x-required-when"?: { field: string; in: string[] };
  "x-choices"?: { path: string; value: string; label: string; search: string | null };
}

type Value = unknown;
type Row = Record<string, Value>;

/** A field: its node, and how its value is read; undefined where there is none. */
interface Field {
  node: HTMLElement;
  read: () => Value;
  /** The controls, if it has some of its own: a single one is labelled and described. */
  input?: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
}

export interface Form {
  node: HTMLElement;
  read: () => Row;
  /** What differs from the values that were stored last, as a JSON merge patch. */
  changes: () => Row;
  /** Takes what there is as stored. */
  keep: () => void;
  /** Tells a problem, each fault at its field. `moved` says which field of the form a pointer of another body is. */
  tell: (problem: Problem, moved?: (pointer: string) => string) => void;
  forget: () => void;
}

export function form(schema: Schema, values: Row = {}): Form {
  const conditions: { pointer: string; in: string[]; mark: (needed: boolean) => void }[] = [];
  const idOf = (pointer: string) => `field${pointer.replaceAll("/", "-")}`;

  // A schema with what it refers to in its place, and without the alternative null.
  function resolved(one: Schema): Schema {
    const alternative = one.anyOf?.find((other) => other.$ref);
    const here = alternative ? { ...one, ...alternative } : one;
    const name = here.$ref?.split("/").at(-1);
    return name ? { ...schema.$defs?.[name], ...here } : here;
  }

  // `needed`: whether it must be there for what holds it, which itself must be there.
  function field(one: Schema, pointer: string, value: Value, locked: boolean, needed: boolean): Field {
    const here = resolved(one);
    const readOnly = locked || here.readOnly === true;
    const always = needed || (here["x-required-for"]?.includes("submit") ?? false);
    const made = control(here, pointer, value, readOnly, always);
    const id = idOf(pointer);
    const star = el("span", { className: "needed", hidden: true }, " *");
    const hint = el("p", { className: "hint", id: `${id}-hint`, lang: "en" }, here["x-locked"] ?? here.description?.split("\n\n")[0] ?? "");
    const fault = el("p", { className: "fault", id: `${id}-fault`, lang: "en" });
    const described = { describedby: `${id}-hint ${id}-fault` };
    const mark = (wanted: boolean) => {
      star.hidden = !wanted;
      if (wanted) made.input?.setAttribute("aria-required", "true");
      else made.input?.removeAttribute("aria-required");
    };
    let node: HTMLElement;
    if (made.input) {
      made.input.id = id;
      made.input.disabled = readOnly;
      made.input.setAttribute("aria-describedby", described.describedby);
      node = el("div", { className: "field" }, el("label", { htmlFor: id }, here.title ?? "", star), hint, made.node, fault);
    } else {
      node = el("fieldset", { id, className: "field", tabIndex: -1, aria: described }, el("legend", {}, here.title ?? "", star), hint, made.node, fault);
    }
    node.dataset.pointer = pointer;
    mark(always);
    if (here["x-required-when"]) conditions.push({ pointer: here["x-required-when"].field, in: here["x-required-when"].in, mark });
    return { ...made, node, read: () => (readOnly ? value : made.read()) };
  }

  function control(here: Schema, pointer: string, value: Value, locked: boolean, needed: boolean): Field {
    const widget = here["x-widget"];
    if (widget === "record" && !here.items) return record(here, value, locked);
    if (here.items) return rows(here, pointer, value, locked);
    if (here.oneOf || here.enum) return select(here, value);
    if (here.properties) return fields(here, pointer, value, locked, needed);
    if (widget === "checkbox") {
      const input = el("input", { type: "checkbox", checked: value === true });
      return { node: el("div", {}, input), input, read: () => input.checked || (value === undefined ? undefined : false) };
    }
    if (widget === "number") {
      const input = el("input", { type: "number", min: String(here.minimum ?? ""), max: String(here.maximum ?? ""), value: String(value ?? "") });
      return { node: input, input, read: () => (input.value === "" ? undefined : Number(input.value)) };
    }
    return text(here, value);
  }

  function text(here: Schema, value: Value): Field {
    const kinds: Record<string, string> = { email: "email", tel: "tel", date: "date" };
    const input = here["x-widget"] === "textarea" ? el("textarea", { rows: 3 }) : el("input", { type: kinds[here["x-widget"] ?? ""] ?? "text" });
    input.value = String(value ?? "");
    if (here.maxLength) input.maxLength = here.maxLength;
    return { node: input, input, read: () => (input.value === "" ? undefined : input.value) };
  }

  // Words of a closed set: with their labels, or with those that the browser has for countries and currencies.
  function select(here: Schema, value: Value): Field {
    const kind = ({ country: "region", currency: "currency" } as const)[here["x-widget"] ?? ""];
    const names = kind && new Intl.DisplayNames([language()], { type: kind });
    const words = here.oneOf
      ? here.oneOf.flatMap((one) => (one.const === null ? [] : [[one.const, one.title] as const]))
      : (here.enum ?? []).map((one) => [one, names ? `${names.of(one)} (${one})` : one] as const);
    const input = el("select", {}, new Option("", ""), ...words.map(([code, label]) => new Option(label, code)));
    input.value = String(value ?? "");
    return { node: input, input, read: () => input.value || undefined };
  }

  // A record that the server lists. If there are more than a page, a search narrows them.
  function record(here: Schema, value: Value, locked: boolean): Field {
    const { path, value: code, label, search } = here["x-choices"]!;
    let kept = String(value ?? "");
    const input = el("select", {}, new Option("", ""), kept && new Option(kept, kept, true, true));
    const box = el("input", { type: "search", hidden: true, disabled: locked, placeholder: t("search"), aria: { label: `${t("search")}: ${here.title ?? ""}` } });
    const load = async () => {
      const asked = new URLSearchParams({ limit: "200", ...(search && box.value ? { [search]: box.value } : {}) });
      const page = await call<{ data: Record<string, string>[]; has_more: boolean }>("GET", `${path}${path.includes("?") ? "&" : "?"}${asked}`);
      const listed = page.body.data.map((row) => new Option(row[label], row[code]));
      if (kept && !listed.some((option) => option.value === kept)) listed.unshift(new Option(kept, kept));
      input.replaceChildren(new Option("", ""), ...listed);
      input.value = kept;
      input.dataset.loaded = "true";
      if (page.body.has_more && search) box.hidden = false;
    };
    input.addEventListener("change", () => (kept = input.value));
    box.addEventListener("change", () => void load());
    void load();
    return { node: el("div", {}, box, input), input, read: () => kept || undefined };
  }

  // The fields of an object; one that was left empty as a whole is not sent. The first example says what is usual.
  function fields(here: Schema, pointer: string, value: Value, locked: boolean, needed: boolean): Field {
    const given = (value ?? {}) as Row;
    const usual = here["x-widget"] === "money" && value == null ? ((here.examples?.[0] ?? {}) as Row).currency : undefined;
    const parts = named(here).map(([name, one]) => {
      const begin = name === "currency" ? (given[name] ?? usual) : given[name];
      return [name, field(one, `${pointer}/${name}`, begin, locked, needed && (here.required?.includes(name) ?? false))] as const;
    });
    const read = () => {
      const pairs = parts.map(([name, part]) => [name, part.read()] as const).filter(([, one]) => one !== undefined && one !== null);
      return pairs.some(([name]) => usual === undefined || name !== "currency") ? Object.fromEntries(pairs) : undefined;
    };
    return { node: el("div", {}, ...parts.map(([, part]) => part.node)), read };
  }

  // A list: as many items as somebody adds, each whole. What a submission needs begins with one.
  function rows(here: Schema, pointer: string, value: Value, locked: boolean): Field {
    const list = el("div");
    const items: Field[] = [];
    const add = (item?: Value) => {
      const made = field({ ...here.items, title: `${here.title ?? ""} ${items.length + 1}` }, `${pointer}/${items.length}`, item, locked, true);
      items.push(made);
      list.append(made.node);
      return made;
    };
    const button = (label: string, onclick: () => void) => el("button", { type: "button", className: "plain", disabled: locked, onclick, aria: { label: `${label}: ${here.title ?? ""}` } }, label);
    const first = (node: HTMLElement) => node.querySelector<HTMLElement>("input, select, textarea")?.focus();
    const more = button(t("add"), () => first(add().node));
    const less = button(t("remove"), () => items.pop()?.node.remove());
    for (const item of (value ?? []) as Value[]) add(item);
    if (!locked && items.length === 0 && here["x-required-for"]?.includes("submit")) add();
    const read = () => {
      const there = items.map((item) => item.read()).filter((one) => one !== undefined);
      return there.length > 0 ? there : undefined;
    };
    return { node: el("div", {}, list, more, less), read };
  }

  const named = (here: Schema) => Object.entries(here.properties ?? {}).sort(([, one], [, other]) => (one["x-order"] ?? 0) - (other["x-order"] ?? 0));
  const top = named(schema).map(([name, one]) => {
    const made = field(one, `/${name}`, values[name] ?? undefined, schema.readOnly === true, schema.required?.includes(name) ?? false);
    return { name, group: one["x-group"], ...made };
  });
  const groups = (schema["x-groups"] ?? []).map((group) => {
    const members = top.filter((part) => part.group === group.name);
    return members.length > 0 && el("fieldset", {}, el("legend", {}, group.label), ...members.map((part) => part.node));
  });
  const rest = top.filter((part) => !schema["x-groups"]?.some((group) => group.name === part.group));
  const general = el("div");
  const node = el("div", {}, ...groups, ...rest.map((part) => part.node), general);

  const read = () => Object.fromEntries(top.map((part) => [part.name, part.read()] as const).filter(([, value]) => value !== undefined));
  let stored = read();

  function judge(): void {
    const now = read();
    for (const condition of conditions) {
      const at = condition.pointer.slice(1).split("/").reduce<Value>((part, name) => (part as Row | undefined)?.[name], now);
      condition.mark(condition.in.includes(String(at)));
    }
  }
  node.addEventListener("change", judge);
  judge();

  function forget(): void {
    general.replaceChildren();
    for (const fault of node.querySelectorAll(".fault")) fault.textContent = "";
    for (const wrong of node.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  }

  // The field of a pointer, or the nearest field around it.
  function at(pointer: string): HTMLElement | null {
    for (let part = pointer.replace(/^#/, ""); part; part = part.slice(0, part.lastIndexOf("/"))) {
      const found = node.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(part)}"]`);
      if (found) return found;
    }
    return null;
  }

  return {
    node,
    read,
    changes: () => difference(stored, read()),
    keep: () => void (stored = read()),
    forget,
    tell(problem, moved = (pointer) => pointer) {
      forget();
      for (const fault of problem.errors ?? []) {
        const found = at(moved(fault.pointer));
        found?.querySelector(":scope > .fault")?.append(`${fault.detail} `);
        found?.querySelector(":scope > input, :scope > select, :scope > textarea, :scope > div > select")?.setAttribute("aria-invalid", "true");
      }
      tell(general, problem, (pointer) => document.getElementById(idOf(at(moved(pointer))?.dataset.pointer ?? "")));
    },
  };
}

// What makes `after` of `before`, by RFC 7396: objects part by part, lists whole, null for what is gone.
function difference(before: Row, after: Row): Row {
  const changed: Row = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [before[name], after[name]];
    if (JSON.stringify(one) === JSON.stringify(other)) continue;
    changed[name] = isRow(one) && isRow(other) ? difference(one, other) : (other ?? null);
  }
  return changed;
}

const isRow = (value: Value): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
