// The frame of the portal: who is signed in, the menu, and which page is shown. The page stands after the # of the address, so
// that any server of files can host it.
import { Refused, api, onEnd, publicPortal, resume, signOut, take, type Portal, type Problem, type Schemas } from "./api";
import { el, tell } from "./dom";
import { dealPage } from "./pages/deal";
import { homePage } from "./pages/home";
import { dealsPage, otherPage, workPage } from "./pages/lists";
import { noticesPage } from "./pages/notices";
import { registerPage } from "./pages/register";
import { signInPage } from "./pages/sign-in";
import { speak, t } from "./texts";

/** The menu's entries that have a page of their own here. */
const OWN: Record<string, string> = { work: "#/queue", notices: "#/notices", deals: "#/deals" };

const app = document.getElementById("app")!;
const brand = el("a", { className: "brand", href: "#/" });
const who = el("div", { className: "who" });
const menu = el("nav", { hidden: true });
const main = el("main", { id: "main", tabIndex: -1 });
const skip = el("a", { className: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.focus()) });

let portal: Portal;
let me: Schemas["Me"];
/** Which change of page is the last; an earlier one that is slower shows nothing. */
let turn = 0;

function dress(branding: Portal["branding"]): void {
  brand.replaceChildren(branding.logo_url ? el("img", { src: branding.logo_url, alt: branding.name }) : branding.name);
  skip.textContent = t("skip");
  document.documentElement.style.setProperty("--main", branding.primary_color);
  document.documentElement.style.setProperty("--accent", branding.accent_color);
}

function showMenu(): void {
  const entries = [{ label: t("home"), href: "#/" }, ...portal.menu.map((one) => ({ label: one.label, href: OWN[one.name] ?? `#/list/${one.name}` }))];
  const links = entries.map(({ label, href }) => {
    const here = href === (location.hash || "#/") || (href !== "#/" && location.hash.startsWith(`${href}/`));
    const text = href === OWN.notices && portal.unread_notices > 0 ? `${label} (${portal.unread_notices})` : label;
    return el("li", {}, el("a", { href, ...(here ? { aria: { current: "page" } } : {}) }, text));
  });
  menu.setAttribute("aria-label", t("menu"));
  menu.replaceChildren(el("ul", {}, ...links));
  menu.hidden = false;
}

/** Reads the portal, again where its counts may have changed, and draws the frame. */
async function refresh(): Promise<void> {
  portal = await take(api.GET("/v1/portal"));
  speak(portal.language);
  dress(portal.branding);
  showMenu();
  if (who.hasChildNodes()) return;
  const out = el("button", { type: "button", onclick: () => void signOut().finally(leave) }, t("signOut"));
  who.append(el("span", {}, [me.name, me.partner_name].filter(Boolean).join(", ")), out);
}

async function page(): Promise<HTMLElement> {
  const [name = "", id, part] = location.hash.replace(/^#\//, "").split("/");
  if (name === "queue") return workPage(portal, id);
  if (name === "notices") return noticesPage(refresh);
  if (name === "register") return registerPage(undefined);
  if (name === "deals" && id) return part === "change" ? registerPage(id) : dealPage(id, me.operations.includes("updateDeal"), refresh);
  if (name === "deals") return dealsPage(portal, me.operations.includes("createDeal"));
  const entry = name === "list" && portal.menu.find((one) => one.name === id);
  return entry ? otherPage(entry) : homePage(portal);
}

async function show(): Promise<void> {
  const mine = ++turn;
  let shown: HTMLElement;
  try {
    await refresh();
    shown = await page();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (mine !== turn || error.problem.status === 401) return;
    shown = el("div", {}, el("h1", { tabIndex: -1 }, error.problem.title));
    tell(shown, error.problem);
  }
  if (mine !== turn) return;
  main.replaceChildren(shown);
  const heading = main.querySelector<HTMLElement>("h1");
  document.title = `${heading?.textContent ?? ""} – ${portal.branding.name}`;
  heading?.focus();
}

async function enter(): Promise<void> {
  me = await take(api.GET("/v1/me"));
  if (me.second_factor_due) main.replaceChildren(el("h1", { tabIndex: -1 }, t("factorDue")));
  else await show();
}

async function leave(): Promise<void> {
  turn += 1;
  const open = await publicPortal();
  speak(open.language);
  dress(open.branding);
  who.replaceChildren();
  menu.hidden = true;
  main.replaceChildren(signInPage(open, enter));
  document.title = `${t("signIn")} – ${open.branding.name}`;
  main.querySelector<HTMLElement>("h1")?.focus();
}

async function start(): Promise<void> {
  const goesOn = await resume();
  onEnd(() => void leave());
  await (goesOn ? enter() : leave());
}

// Whatever nobody expected, such as a network that is gone, is told, too: in words here, in full on the console.
window.addEventListener("unhandledrejection", () => tell(main, { detail: t("failed") } as Problem));
window.addEventListener("hashchange", () => void (menu.hidden || show()));
app.append(skip, el("header", {}, brand, who), menu, main);
void start();
