// Drives the form in headless Chromium against a server that runs: node examples/form/check.mjs [API]
// It serves this folder itself, at OPENPRM_FORM_ORIGIN, which the server must have among its OPENPRM_CORS_ORIGINS.
// Environment: EMAIL, PASSWORD (a seller of a partner), CHROMIUM, SHOT (a file for a picture), and NODE_PATH if Playwright is
// not found from here, in the portal beside it, or from the working directory.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const api = (process.argv[2] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const origin = new URL(process.env.OPENPRM_FORM_ORIGIN ?? "http://127.0.0.1:8090");
const email = process.env.EMAIL ?? "sales@nordwind.example";
const password = process.env.PASSWORD ?? "demo-channel-2026";

function playwright() {
  const places = [here, join(here, "../portal"), process.cwd(), ...(process.env.NODE_PATH ?? "").split(":").filter(Boolean).map((path) => resolve(path, ".."))];
  for (const place of places) {
    for (const name of ["playwright-core", "playwright"]) {
      try {
        return createRequire(join(place, "from-here.js"))(name);
      } catch {}
    }
  }
  throw new Error("Playwright is not installed: npm install playwright-core, or name its folder in NODE_PATH");
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8" };
const server = createServer(async (request, response) => {
  const name = request.url.split("?")[0].slice(1) || "index.html";
  if (!["index.html", "form.js"].includes(name)) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": types[extname(name)] }).end(await readFile(join(here, name)));
});
await new Promise((ready) => server.listen(Number(origin.port || 80), origin.hostname, ready));

const faults = [];
let steps = 0;
function check(holds, what) {
  steps += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) faults.push(what);
}

const browser = await playwright().chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 1400 }, locale: "de-DE" });
  page.setDefaultTimeout(60000); // on a machine that does other things besides
  const noise = [];
  // A refusal that the test provokes is told by the browser too; everything else is a fault.
  page.on("console", (line) => line.type() === "error" && !/status of (409|422)/.test(line.text()) && noise.push(line.text()));
  page.on("pageerror", (error) => noise.push(String(error)));
  const at = (pointer) => page.locator(`[data-pointer="${pointer}"]`);
  const input = (pointer) => at(pointer).locator("select, textarea, input:not([type=search])").first();
  const fault = async (pointer) => (await at(pointer).locator(":scope > .fault").textContent()).trim();
  const press = async (id, path) => {
    const answered = page.waitForResponse((response) => path.test(response.url()) && response.request().method() !== "OPTIONS");
    await page.click(id);
    const answer = await answered;
    await page.waitForFunction(() => document.querySelector("#general .fault") || !document.querySelector("#done").hidden);
    return answer.status();
  };

  await page.goto(`${origin.origin}/?api=${encodeURIComponent(api)}&resource=deals&lang=de`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("#sign-in button");
  await page.waitForSelector("#record:not([hidden]) .field");
  const count = await page.locator("#fields .field").count();
  check(count >= 20, `the form rendered itself: ${count} fields under ${await page.locator("#fields fieldset").count()} headings`);
  check((await at("/deal_type").locator("option").nth(1).textContent()) === "Neugeschäft", "choices have labels in the page's language");

  await input("/title").fill("Formular: Firewalls für 12 Filialen");
  const first = await press("#submit", /\/submit$/);
  const wanted = ["/customer", "/territory", "/lines", "/amount", "/expected_close_on"];
  const told = await Promise.all(wanted.map(fault));
  check(first === 409 && told.every(Boolean), `what a submission lacks is told at its fields (${first}: ${wanted.join(" ")})`);

  const mark = Date.now().toString(36);
  await input("/customer/name").fill(`Formular Werke ${mark} GmbH`);
  await input("/customer/website").fill(`https://www.formular-werke-${mark}.de`);
  await input("/customer/email").fill("not an address");
  await input("/customer/country").selectOption("DE");
  await page.waitForFunction(() => document.querySelector('[data-pointer="/territory"] select')?.dataset.loaded);
  await input("/territory").selectOption("DE");
  await at("/lines").locator("button.add").click();
  await page.waitForFunction(() => document.querySelector('[data-pointer="/lines/0/product"] select')?.dataset.loaded);
  await input("/lines/0/product").selectOption("EDGE-FW");
  await input("/lines/0/quantity").fill("12");
  await input("/amount/amount").fill("18000.00");
  await input("/amount/currency").selectOption("EUR");
  await input("/expected_close_on").fill(new Date(Date.now() + 120 * 86400e3).toISOString().slice(0, 10));
  const second = await press("#submit", /\/v1\/deals\/[^/]+$/);
  check(second === 422 && Boolean(await fault("/customer/email")), `a value that does not fit is told at its field (${second}: /customer/email)`);
  check(!(await fault("/territory")), "faults that were mended are gone");

  await input("/customer/email").fill(`einkauf@formular-werke-${mark}.de`);
  const third = await press("#submit", /\/submit$/);
  const id = await page.locator("#done").getAttribute("data-id");
  check(third === 200 && /^deal_/.test(id ?? ""), `the deal was registered: ${await page.locator("#done").textContent()}`);
  if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT, fullPage: true });

  const signed = await (await fetch(`${api}/v1/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ email, password }) })).json();
  const deal = await (await fetch(`${api}/v1/deals/${id}`, { headers: { Authorization: `Bearer ${signed.access_token}` } })).json();
  check(deal.lines?.[0]?.quantity === 12 && deal.amount?.amount === "18000.00" && deal.territory === "DE" && deal.received_at !== null, `the server has it: ${deal.number}, ${deal.review_status}, received ${deal.received_at}`);
  check(noise.length === 0, `the console is quiet${noise.length ? `: ${noise.join("; ")}` : ""}`);
} catch (error) {
  check(false, String(error));
} finally {
  await browser.close();
  server.close();
}
console.log(`${steps} checks, ${faults.length} failed`);
process.exit(faults.length ? 1 : 0);
