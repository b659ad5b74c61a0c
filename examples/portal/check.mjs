// Drives the portal in headless Chromium against a server that runs: node check.mjs [API]
// A partner registers a deal that another partner claims, the vendor asks and approves, the partner is told. It hosts the built
// pages itself, at OPENPRM_PORTAL_ORIGIN, which must be the server's OPENPRM_PORTAL_URL. Other settings: PORTAL_DIST (the
// folder of the built pages), CHROMIUM, SHOTS (a folder for pictures). It ends with 1 if anything is not as it should be.
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const api = (process.argv[2] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const origin = new URL(process.env.OPENPRM_PORTAL_ORIGIN ?? "http://127.0.0.1:5173");
const password = process.env.PASSWORD ?? "demo-channel-2026";
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const patience = 60_000; // on a machine that does other things besides
const mark = Date.now().toString(36);
const customer = { name: `Portal Werke ${mark} GmbH`, website: `https://www.portal-werke-${mark}.de`, country: "DE" };
const title = `Portalprobe ${mark}`;

const faults = [];
let steps = 0;
function check(holds, what, seen) {
  steps += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${!holds && seen !== undefined ? `: ${JSON.stringify(seen)}` : ""}`);
  if (!holds) faults.push(what);
}

// Everybody else: people whose part is not played in a browser.
async function as(email) {
  const ask = async (method, path, body, token) => {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": randomUUID(), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const { access_token } = await ask("POST", "/v1/auth/login", { email, password });
  return (method, path, body) => ask(method, path, body, access_token);
}

class Visitor {
  static async of(browser, locale, who) {
    const context = await browser.newContext({ locale, viewport: { width: 1100, height: 900 } });
    const visitor = Object.assign(new Visitor(), { context, who, noise: [], outside: new Set(), page: await context.newPage() });
    visitor.page.setDefaultTimeout(patience);
    context.on("request", (request) => new URL(request.url()).origin === origin.origin || request.url().startsWith("data:") || visitor.outside.add(request.url()));
    // A refusal that the check provokes is told by the browser, too; everything else is a fault.
    visitor.page.on("console", (line) => ["error", "warning"].includes(line.type()) && !/status of (409|422)/.test(line.text()) && visitor.noise.push(line.text()));
    visitor.page.on("pageerror", (error) => visitor.noise.push(String(error)));
    return visitor;
  }

  /** Waits until the page with that heading is there, and has the focus on it. */
  async arrive(heading) {
    await this.page.waitForFunction((text) => document.activeElement?.tagName === "H1" && document.activeElement.textContent.includes(text), heading);
  }

  async signIn(email, greeting) {
    await this.page.goto(origin.href);
    await this.page.waitForFunction(() => document.activeElement?.tagName === "H1");
    // By keyboard alone.
    await this.page.keyboard.press("Tab");
    await this.page.keyboard.type(email);
    await this.page.keyboard.press("Tab");
    await this.page.keyboard.type(password);
    await this.page.keyboard.press("Enter");
    await this.arrive(greeting);
  }

  async menu(name) {
    await this.page.locator("nav").getByRole("link", { name: new RegExp(`^${name}( \\(\\d+\\))?$`) }).click();
    await this.arrive(name);
  }

  text(selector = "main") {
    return this.page.locator(selector).innerText();
  }

  /** What axe finds wrong with the page, by WCAG 2.2 A and AA. */
  async accessible(what) {
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
      return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
    });
    check(found.length === 0, `accessible: ${what}`, found);
    if (process.env.SHOTS) await this.page.screenshot({ path: join(process.env.SHOTS, `${String(steps).padStart(2, "0")}-${this.who}.png`), fullPage: true });
  }

  /** Loads a page again until it says something; for what the server does a moment later. */
  async until(what, holds) {
    const end = Date.now() + patience;
    for (;;) {
      if (await holds()) return check(true, what);
      if (Date.now() > end) return check(false, what, await this.text());
      await new Promise((done) => setTimeout(done, 500));
      await this.page.reload();
      await this.page.waitForFunction(() => document.activeElement?.tagName === "H1");
    }
  }

  /** Leaves, and says what was heard and asked meanwhile. */
  async quiet() {
    check(this.noise.length === 0, `the console of the ${this.who} is quiet`, this.noise);
    check(this.outside.size === 0, `the pages of the ${this.who} ask nobody but their own origin`, [...this.outside]);
    await this.context.close();
  }
}

// What the program's owner decided shows in the form, without a release: a renewal needs its next step.
const owner = await as("admin@demo.example");
const policy = await owner("POST", "/v1/policies", { registration: { required_fields: [{ deal_type: "renewal", fields: ["#/next_step"] }] } });
await owner("POST", `/v1/policies/${policy.id}/publish`, {});
// Another partner was first.
const rival = await as("sales@bluepeak.example");
const expected = new Date(Date.now() + 120 * 86_400_000).toISOString().slice(0, 10);
const earlier = await rival("POST", "/v1/deals", { title: `Rival ${mark}`, customer, territory: "DE", lines: [{ product: "EDGE-FW", quantity: 3 }], amount: { amount: "9000.00", currency: "EUR" }, expected_close_on: expected });
await rival("POST", `/v1/deals/${earlier.id}/submit`, {});

const server = serve(resolve(process.env.PORTAL_DIST ?? join(here, "dist")), api);
await new Promise((ready) => server.listen(Number(origin.port || 80), origin.hostname, ready));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
});
try {
  const partner = await Visitor.of(browser, "de-DE", "partner");
  const vendor = await Visitor.of(browser, "en-US", "vendor");
  const { page } = partner;
  const at = (pointer) => page.locator(`[data-pointer="${pointer}"]`);
  const input = (pointer) => at(pointer).locator("select, textarea, input:not([type=search])").first();
  const fault = async (pointer) => (await at(pointer).locator(":scope > .fault").textContent()).trim();
  /** Presses a button of the form, and waits for the refusal, the verdict or the next page. */
  const press = async (name) => {
    await page.evaluate(() => document.querySelectorAll(".problem, form .verdict").forEach((node) => node.remove()));
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForFunction(() => document.querySelector(".problem, form .verdict") || !document.querySelector("form"));
  };

  // The partner signs in, and stays signed in.
  await page.goto(origin.href);
  await page.waitForSelector("form");
  await partner.accessible("the page for signing in");
  await partner.signIn("sales@nordwind.example", "OpenPRM");
  const partnerApi = await as("sales@nordwind.example");
  const known = await partnerApi("GET", "/v1/portal");
  const links = await page.locator("nav a").allInnerTexts();
  check(links.length === known.menu.length + 1 && links.includes("Projekte"), "the menu is that of the role, in the language of the browser", links);
  await partner.accessible("home");
  await page.reload();
  await partner.arrive("OpenPRM");
  check((await page.locator("header").innerText()).includes("Nils Nordwind"), "the session goes on when the page is loaded again");
  const kept = await page.evaluate(() => [document.cookie, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })].join(" "));
  check(!/prm_refresh|eyJ/.test(kept), "no script finds a token", kept);

  // A form that the server describes.
  await partner.menu("Projekte");
  await partner.accessible("the list of deals");
  await page.getByRole("link", { name: "Projekt registrieren" }).click();
  await partner.arrive("Projekt registrieren");
  check((await page.locator(".field").count()) >= 20, "the form rendered itself");
  check((await at("/deal_type").locator("option").allInnerTexts()).includes("Neugeschäft"), "choices have labels in the language of the page");
  const star = (pointer) => at(pointer).locator(".needed").first().isVisible();
  check((await star("/customer")) && (await star("/customer/name")) && !(await star("/lines/0/unit_price/amount")), "what a submission needs is marked");
  await input("/deal_type").selectOption("renewal");
  check((await input("/next_step").getAttribute("aria-required")) === "true", "a field is needed where the policy's condition holds");
  await input("/deal_type").selectOption("net_new");
  check((await input("/next_step").getAttribute("aria-required")) === null, "and is not where it does not");
  await partner.accessible("the form");

  await input("/title").fill(title);
  await press("Einreichen");
  const wanted = ["/customer", "/territory", "/lines", "/amount", "/expected_close_on"];
  const told = await Promise.all(wanted.map(fault));
  check(told.every(Boolean), "what a submission lacks is told at its fields", told);
  check(await page.evaluate(() => document.activeElement?.getAttribute("role") === "alert"), "and the focus goes to what was told");
  await partner.accessible("the form with its faults");
  await page.locator(".problem a").first().click();
  check(await page.evaluate(() => document.activeElement?.closest("[data-pointer]") !== null), "from where a link leads to the field");

  await input("/customer/name").fill(customer.name);
  await input("/customer/website").fill(customer.website);
  await input("/customer/country").selectOption("DE");
  await page.waitForSelector('[data-pointer="/territory"] select[data-loaded]');
  await input("/territory").selectOption("DE");
  await page.waitForSelector('[data-pointer="/lines/0/product"] select[data-loaded]');
  await input("/lines/0/product").selectOption("EDGE-FW");
  await input("/lines/0/quantity").fill("12");
  await input("/amount/amount").fill("18000.00");
  await input("/amount/currency").selectOption("EUR");
  await input("/expected_close_on").fill(expected);
  await input("/customer/email").fill("not an address");
  await press("Einreichen");
  check((await input("/customer/email").getAttribute("aria-invalid")) === "true" && Boolean(await fault("/customer/email")), "a value that does not fit is told at its field");
  check(!(await fault("/territory")), "faults that were mended are gone");
  await input("/customer/email").fill("");
  await press("Entwurf speichern");
  await partner.arrive(title);
  check((await page.locator(".status").getAttribute("data-status")) === "draft", "a draft is kept");
  await page.getByRole("link", { name: "Ändern", exact: true }).click();
  await partner.arrive("Ändern");
  check((await input("/title").inputValue()) === title && (await input("/lines/0/product").inputValue()) === "EDGE-FW", "the form for a change has what is stored");
  await press("Einreichen");
  await partner.arrive(title);
  const id = new URL(page.url()).hash.split("/")[2];
  const own = await partnerApi("GET", `/v1/deals/${id}`);
  check(own.received_at !== null && own.lines[0].quantity === 12 && own.amount.amount === "18000.00", "the deal is registered", own);

  // The verdict: what the partner may know.
  const redacted = await partner.text(".verdict");
  check(redacted.includes("Konflikt") && /Platz in der Reihe\s+2/.test(redacted), "the partner reads the verdict and the place in the queue", redacted);
  check(!(await partner.text("body")).match(/Bluepeak/i) && !redacted.includes(earlier.number) && (await page.locator(".verdict").getAttribute("data-whole")) === "false", "and not who was first");
  await partner.accessible("the deal");

  // Before registering, a look tells less still.
  await page.goto(`${origin.href}#/register`);
  await partner.arrive("Projekt registrieren");
  await input("/title").fill("Noch einmal");
  await press("Zuerst auf Konflikte prüfen");
  check(Boolean(await fault("/contacts")) && Boolean(await fault("/description")), "what a dry run lacks is told at its fields");
  await input("/customer/name").fill(customer.name);
  await input("/customer/website").fill(customer.website);
  await page.waitForSelector('[data-pointer="/territory"] select[data-loaded]');
  await input("/territory").selectOption("DE");
  await page.waitForSelector('[data-pointer="/lines/0/product"] select[data-loaded]');
  await input("/lines/0/product").selectOption("EDGE-FW");
  await input("/description").fill("Neue Firewalls für die Niederlassungen.");
  await at("/contacts").getByRole("button", { name: /^Hinzufügen/ }).click();
  check(await page.evaluate(() => document.activeElement?.closest("[data-pointer]")?.dataset.pointer.startsWith("/contacts/0")), "a row that is added has the focus");
  await input("/contacts/0/name").fill("Petra Weiß");
  await input("/contacts/0/email").fill(`weiss@portal-werke-${mark}.de`);
  await press("Zuerst auf Konflikte prüfen");
  check((await page.locator("form .verdict").getAttribute("data-verdict")) === "needs_review", "a dry run says that somebody would have to look");

  // What is sent in is locked, and says why.
  await page.goto(`${origin.href}#/deals/${id}`);
  await partner.arrive(title);
  await page.getByRole("link", { name: "Ändern", exact: true }).click();
  await partner.arrive("Ändern");
  check((await input("/title").isDisabled()) && /submitted|eingereicht/.test(await at("/title").innerText()), "a locked field says why", await at("/title").innerText());
  check(await at("/external_refs").getByRole("button", { name: /^Hinzufügen/ }).isEnabled(), "a field that is open stays open");
  await partner.accessible("the form with locked fields");

  // The vendor finds it in the queue, with all of the evidence.
  await vendor.signIn("approver@demo.example", "OpenPRM");
  await vendor.accessible("the vendor's home");
  await vendor.page.goto(`${origin.href}#/register`);
  await vendor.arrive("Register a deal");
  check((await vendor.text()).includes("nothing here that you may write"), "who makes no deals gets no form");
  await vendor.page.goto(`${origin.href}#/`);
  await vendor.arrive("OpenPRM");
  await vendor.page.getByRole("link", { name: "Deals to decide" }).click();
  await vendor.arrive("Deals to decide");
  const item = vendor.page.getByRole("link", { name: title });
  for (let turn = 0; turn < 40 && (await item.count()) === 0; turn += 1) {
    const rows = await vendor.page.locator("tbody tr").count();
    await vendor.page.getByRole("button", { name: "Show more" }).click();
    await vendor.page.waitForFunction((before) => document.querySelectorAll("tbody tr").length > before, rows);
  }
  await vendor.accessible("the work queue");
  await item.click();
  await vendor.arrive(title);
  const whole = await vendor.text(".verdict");
  check(whole.includes(earlier.number) && whole.includes(`www.portal-werke-${mark}.de`), "the vendor reads who was first, and how the customer was recognised", whole);
  await vendor.accessible("the deal as the vendor reads it");
  await vendor.page.getByRole("button", { name: "Approve" }).click();
  await vendor.page.waitForSelector(".problem");
  check((await vendor.page.locator(".status").getAttribute("data-status")) === "submitted", "whoever came first cannot be passed over unawares", await vendor.text(".problem"));
  await vendor.page.getByLabel("Questions, one a line").fill("Which sites are meant?\nWho signs at the customer?");
  await vendor.page.getByRole("button", { name: "Ask the partner" }).click();
  await vendor.page.waitForSelector('.status[data-status="info_requested"]');
  check((await vendor.text()).includes("Who signs at the customer?"), "the vendor asks for information");

  // The partner is told, finds it in the queue, and answers.
  await page.goto(`${origin.href}#/`);
  await partner.arrive("OpenPRM");
  await page.locator('a[href="#/queue/deal_questions"]').click();
  await page.waitForFunction(() => location.hash === "#/queue/deal_questions" && document.activeElement?.tagName === "H1");
  await page.getByRole("link", { name: title }).click();
  await partner.arrive(title);
  await partner.accessible("the questions");
  await page.getByLabel("Which sites are meant?").fill("Stuttgart und Esslingen.");
  await page.getByLabel("Who signs at the customer?").fill("Petra Weiß, Leiterin Netze.");
  await page.getByRole("button", { name: "Antworten senden" }).click();
  await page.waitForFunction(() => !document.querySelector("form.answers") && document.querySelector(".status"));
  check(["submitted", "in_review"].includes(await page.locator(".status").getAttribute("data-status")) && (await partner.text()).includes("Esslingen"), "the partner answers, and the review goes on");

  // The other partner gives up; the vendor approves.
  await rival("POST", `/v1/deals/${earlier.id}/withdraw`, { reason_code: "no_longer_pursued" });
  await vendor.page.reload();
  await vendor.arrive(title);
  check((await vendor.text()).includes("Leiterin Netze"), "the vendor reads the answers");
  await vendor.page.getByLabel("Note to the partner (optional)").fill("Good luck in Stuttgart.");
  await vendor.page.getByRole("button", { name: "Approve" }).click();
  await vendor.page.waitForSelector('.status[data-status="approved"], .problem');
  check((await vendor.page.locator(".status").getAttribute("data-status")) === "approved" && (await vendor.text()).includes("Protected until"), "the vendor approves, and the deal is protected", await vendor.text());
  await vendor.quiet();

  // Each step was told to the partner, who reads it.
  await page.reload();
  await partner.arrive(title);
  check((await page.locator(".status").getAttribute("data-status")) === "approved" && (await partner.text()).includes("Geschützt bis"), "the partner sees the approval");
  await page.goto(`${origin.href}#/notices`);
  await partner.arrive("Mitteilungen");
  const notices = page.locator("article").filter({ hasText: title });
  await partner.until("notices tell of the questions and of the approval", async () => {
    const subjects = (await notices.locator("h2").allInnerTexts()).join("\n");
    return /Approved|Genehmigt/.test(subjects) && /answers|Antworten/.test(subjects);
  });
  await partner.accessible("the notices");
  const approval = notices.filter({ hasText: /Approved|Genehmigt/ });
  await approval.getByRole("button", { name: /^Als gelesen markieren/ }).click();
  await approval.getByText("Gelesen", { exact: true }).waitFor();
  const { data } = await partnerApi("GET", `/v1/notices?topic=deal_approved&resource_id=${id}`);
  check(data.length === 1 && data[0].read_at !== null, "a notice is marked as read", data);
  await page.reload();
  await partner.arrive("Mitteilungen");
  check((await notices.count()) > 0 && (await approval.count()) === 0, "and is gone from those that are unread");
  await partner.until("which the menu counts", async () => {
    const { unread } = await partnerApi("GET", "/v1/notices/unread-count");
    return (await page.locator('nav a[href="#/notices"]').innerText()).includes(`(${unread})`);
  });

  // Another tab shares the session, renews it before its token ends, and ends with it.
  const tab = await partner.context.newPage();
  tab.setDefaultTimeout(patience);
  await tab.clock.install();
  const headed = (text) => tab.waitForFunction((wanted) => document.querySelector("h1")?.textContent.includes(wanted), text);
  await tab.goto(origin.href);
  await headed("OpenPRM");
  const renewed = tab.waitForRequest(/\/v1\/auth\/refresh$/);
  await tab.clock.fastForward("09:45");
  await tab.getByRole("link", { name: "Projekte", exact: true }).click();
  await Promise.all([renewed, headed("Projekte")]);
  check((await tab.locator("tbody tr").count()) > 0, "a token that is about to end is renewed");
  await page.getByRole("button", { name: "Abmelden" }).click();
  await partner.arrive("Anmelden");
  await page.reload();
  await partner.arrive("Anmelden");
  check((await partnerApi("GET", `/v1/deals/${id}`)).review_status === "approved" && (await page.locator("nav").isHidden()), "signed out is signed out");
  await tab.getByRole("link", { name: "Partner", exact: true }).click();
  await headed("Anmelden");
  check(await tab.locator("header .who").isHidden(), "in every tab");
  await partner.quiet();
} catch (error) {
  check(false, String(error.stack ?? error));
  for (const context of browser.contexts()) for (const page of context.pages()) console.log(`--- ${page.url()}\n${await page.locator("body").innerText().catch(String)}`);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
console.log(`${steps} checks, ${faults.length} failed`);
process.exit(faults.length ? 1 : 0);
