// A form made from GET /v1/schema/{resource} alone. Nothing here knows a field, a label or a state of what it writes:
// only JSON Schema and the x- keywords. ?resource= names the type of record, ?api= the server, ?lang= the language.
const asked = new URLSearchParams(location.search);
const api = asked.get("api") ?? "http://127.0.0.1:8080";
const resource = asked.get("resource") ?? "deals";
const language = asked.get("lang") ?? navigator.language;
const by = (id) => document.getElementById(id);

let token = null;
let form = null; // what GET /v1/schema answered
let root = null; // the record's field
let record = null; // { id, etag } once it is stored

async function call(method, path, body, headers = {}) {
  const response = await fetch(api + path, {
    method,
    headers: {
      "Accept-Language": language,
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { ok: response.ok, status: response.status, etag: response.headers.get("ETag"), body: text ? JSON.parse(text) : null };
}

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

// A schema with what it refers to in its place, and without the alternative null.
function resolved(schema, whole) {
  let here = schema;
  const alternative = here.anyOf?.find((one) => one.$ref);
  if (alternative) here = { ...here, ...alternative };
  if (here.$ref) {
    const target = here.$ref.slice(2).split("/").reduce((part, name) => part[name], whole);
    here = { ...target, ...here };
  }
  return here;
}

const named = (schema) => Object.entries(schema.properties ?? {}).sort(([, one], [, other]) => (one["x-order"] ?? 0) - (other["x-order"] ?? 0));

// A field: its node, and how its value is read; undefined where there is none.
function field(schema, pointer, whole, locked) {
  const here = resolved(schema, whole);
  const readOnly = locked || here.readOnly === true;
  const inner = control(here, pointer, whole, readOnly);
  if (inner.input) {
    inner.input.id = `f${pointer}`;
    inner.input.disabled = readOnly;
  }
  const needed = here["x-required-for"]?.length || here.isRequired;
  const label = make("label", { htmlFor: `f${pointer}`, textContent: (here.title ?? "") + (needed ? " *" : "") });
  const node = make(
    "div",
    { className: "field" },
    here.title ? label : null,
    here.description ? make("p", { className: "hint", textContent: here.description.split("\n\n")[0] }) : null,
    here["x-locked"] ? make("p", { className: "locked", textContent: here["x-locked"] }) : null,
    inner.node,
    make("p", { className: "fault" }),
  );
  node.dataset.pointer = pointer;
  return { node, read: () => (readOnly ? undefined : inner.read()) };
}

function control(schema, pointer, whole, locked) {
  switch (schema["x-widget"]) {
    case "fields":
      return fields(schema, pointer, whole, locked);
    case "money":
      return money(schema, pointer, whole, locked);
    case "rows":
    case "multi-select":
    case "words":
      return rows(schema, pointer, whole, locked);
    case "record":
      return schema.items ? rows(schema, pointer, whole, locked) : chosen(schema);
    case "select":
    case "country":
    case "currency":
    case "time-zone":
      return select(schema);
    case "checkbox": {
      const input = make("input", { type: "checkbox" });
      let touched = false;
      input.addEventListener("change", () => (touched = true));
      return { node: input, input, read: () => (touched ? input.checked : undefined) };
    }
    case "number": {
      const input = make("input", { type: "number", min: schema.minimum ?? "", max: schema.maximum ?? "" });
      return { node: input, input, read: () => (input.value === "" ? undefined : Number(input.value)) };
    }
    default:
      return text(schema);
  }
}

function text(schema) {
  const kinds = { email: "email", tel: "tel", url: "text", date: "date", "date-time": "text" };
  const long = schema["x-widget"] === "textarea";
  const input = make(long ? "textarea" : "input", long ? { rows: 3 } : { type: kinds[schema["x-widget"]] ?? "text" });
  if (schema.maxLength) input.maxLength = schema.maxLength;
  if (typeof schema.examples?.[0] === "string") input.placeholder = schema.examples[0];
  return { node: input, input, read: () => (input.value === "" ? undefined : input.value) };
}

// Words of a closed set: with their labels, or with those that the browser has for countries and currencies.
function select(schema) {
  const kind = { country: "region", currency: "currency" }[schema["x-widget"]];
  const names = kind ? new Intl.DisplayNames([language], { type: kind }) : null;
  const words = schema.oneOf
    ? schema.oneOf.filter((one) => one.const !== null).map((one) => [one.const, one.title])
    : (schema.enum ?? []).map((word) => [word, names ? `${names.of(word)} (${word})` : word]);
  const input = make("select", {}, new Option("", ""), ...words.map(([value, label]) => new Option(label, value)));
  return { node: input, input, read: () => (input.value === "" ? undefined : input.value) };
}

// A record that the server lists. If there are more than a page, a search narrows them.
function chosen(schema) {
  const { path, value, label, search } = schema["x-choices"];
  const input = make("select", {}, new Option("", ""));
  const box = make("input", { type: "search", hidden: true, placeholder: "…" });
  const load = async () => {
    const page = await call("GET", `${path}${path.includes("?") ? "&" : "?"}limit=200${box.value ? `&${search}=${encodeURIComponent(box.value)}` : ""}`);
    const kept = input.value;
    input.replaceChildren(new Option("", ""), ...(page.body.data ?? []).map((row) => new Option(row[label], row[value])));
    input.value = kept;
    if (page.body.has_more && search) box.hidden = false;
    input.dataset.loaded = "true";
  };
  box.addEventListener("change", load);
  load();
  return { node: make("div", {}, box, input), input, read: () => (input.value === "" ? undefined : input.value) };
}

function money(schema, pointer, whole, locked) {
  const amount = field({ ...schema.properties.amount, description: undefined }, `${pointer}/amount`, whole, locked);
  const currency = field(schema.properties.currency, `${pointer}/currency`, whole, locked);
  const usual = schema.examples?.[0]?.currency;
  if (usual) currency.node.querySelector("select").value = usual;
  const read = () => {
    const value = amount.read();
    return value === undefined ? undefined : { amount: value, currency: currency.read() };
  };
  return { node: make("div", { className: "pair" }, amount.node, currency.node), read };
}

// The fields of an object; one that was left empty as a whole is not sent.
function fields(schema, pointer, whole, locked) {
  const parts = named(schema).map(([name, one]) => [name, field({ ...one, isRequired: schema.required?.includes(name) }, `${pointer}/${name}`, whole, locked)]);
  const read = () => {
    const pairs = parts.map(([name, part]) => [name, part.read()]).filter(([, value]) => value !== undefined);
    return pairs.length ? Object.fromEntries(pairs) : undefined;
  };
  return { node: make("div", { className: "row" }, ...parts.map(([, part]) => part.node)), read, parts };
}

// A list: as many items as somebody adds.
function rows(schema, pointer, whole, locked) {
  const list = make("div");
  const items = [];
  const add = () => {
    const item = field({ ...schema.items, title: undefined }, `${pointer}/${items.length}`, whole, locked);
    items.push(item);
    list.append(item.node);
  };
  const remove = () => items.pop()?.node.remove();
  const more = make("button", { type: "button", className: "small add", textContent: "+", onclick: add, disabled: locked });
  const less = make("button", { type: "button", className: "small", textContent: "−", onclick: remove, disabled: locked });
  const read = () => {
    const values = items.map((item) => item.read()).filter((value) => value !== undefined);
    return values.length ? values : undefined;
  };
  return { node: make("div", {}, list, more, less), read };
}

function show() {
  const schema = form.create;
  root = fields(schema, "", schema, schema.readOnly === true);
  const headings = new Map(schema["x-groups"].map((group) => [group.name, make("fieldset", {}, make("legend", { textContent: group.label }))]));
  const rest = make("fieldset");
  for (const [name, part] of root.parts) (headings.get(schema.properties[name]["x-group"]) ?? rest).append(part.node);
  by("fields").replaceChildren(...[...headings.values(), rest].filter((heading) => heading.querySelector(".field")));
  by("name").textContent = schema.title;
  by("submit").hidden = !form.submit_by;
  by("record").hidden = false;
}

// Each fault at its field, or at the nearest field around it; what is at no field stands below.
function tell(problem) {
  by("general").replaceChildren(make("p", { className: "fault", textContent: problem.detail ?? problem.title }));
  for (const fault of problem.errors ?? []) {
    let pointer = fault.pointer.replace(/^#/, "");
    let node = null;
    while (pointer && !(node = by("fields").querySelector(`[data-pointer="${CSS.escape(pointer)}"]`))) pointer = pointer.slice(0, pointer.lastIndexOf("/"));
    if (node) {
      node.classList.add("wrong");
      node.querySelector(":scope > .fault").append(`${fault.detail} `);
    } else {
      by("general").append(make("p", { className: "fault", textContent: fault.detail }));
    }
  }
}

function forget() {
  by("general").replaceChildren();
  for (const node of by("fields").querySelectorAll(".fault")) node.textContent = "";
  for (const node of by("fields").querySelectorAll(".wrong")) node.classList.remove("wrong");
}

// Stores the record: makes it, or changes the one that was made before.
async function save() {
  const value = Object.fromEntries(root.parts.map(([name, part]) => [name, part.read()]).filter(([, one]) => one !== undefined));
  let answer;
  if (record) {
    const open = form.update?.properties ?? {};
    const change = Object.fromEntries(Object.entries(value).filter(([name]) => open[name] && !open[name].readOnly));
    answer = await call(form.update_by.method, form.update_by.path.replace("{id}", record.id), change, { "If-Match": record.etag });
  } else {
    answer = await call(form.create_by.method, form.create_by.path, value, { "Idempotency-Key": crypto.randomUUID() });
  }
  if (answer.ok) record = { id: answer.body.id, etag: answer.etag, body: answer.body };
  return answer;
}

by("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await call("POST", "/v1/auth/login", { email: by("email").value, password: by("password").value });
  if (!answer.ok) return (by("sign-in-fault").textContent = answer.body.detail);
  token = answer.body.access_token;
  const schema = await call("GET", `/v1/schema/${resource}`);
  if (!schema.ok || !schema.body.create) return (by("sign-in-fault").textContent = schema.body.detail ?? "Nothing here is yours to write.");
  form = schema.body;
  by("sign-in").hidden = true;
  show();
});

by("record").addEventListener("submit", async (event) => {
  event.preventDefault();
  forget();
  by("done").hidden = true;
  let answer = await save();
  if (answer.ok && event.submitter?.value === "submit") {
    answer = await call(form.submit_by.method, form.submit_by.path.replace("{id}", record.id), {}, { "Idempotency-Key": crypto.randomUUID() });
  }
  if (!answer.ok) return tell(answer.body);
  by("done").textContent = `${answer.body.number ?? answer.body.id}: ${answer.body.review_status ?? "✓"}`;
  by("done").dataset.id = answer.body.id;
  by("done").hidden = false;
});

// The portal's own name and colours, before anybody signs in.
const portal = await call("GET", "/v1/portal/public");
if (portal.ok) {
  by("name").textContent = portal.body.branding.name;
  document.documentElement.style.setProperty("--main", portal.body.branding.primary_color);
  document.documentElement.style.setProperty("--accent", portal.body.branding.accent_color);
}
