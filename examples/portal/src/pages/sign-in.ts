// Signing in, with the second factor if one guards the account.
import { Refused, completeSignIn, signIn, type Schemas } from "../api";
import { attempt, el, labelled } from "../dom";
import { t } from "../texts";

export function signInPage(portal: Schemas["PublicPortal"], done: () => Promise<void>): HTMLElement {
  const email = el("input", { type: "email", autocomplete: "username", required: true });
  const password = el("input", { type: "password", autocomplete: "current-password", required: true });
  const button = el("button", {}, t("signIn"));
  const form = el("form", {}, labelled(t("email"), email), labelled(t("password"), password), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(form, button, async () => {
      try {
        await signIn(email.value, password.value);
      } catch (error) {
        const challenge = error instanceof Refused && error.problem.challenge;
        if (!challenge) throw error;
        const next = secondFactor(challenge, done);
        form.replaceWith(next);
        return next.querySelector("input")?.focus();
      }
      await done();
    });
  });
  const legal = portal.branding.legal_links.map((link) => el("a", { href: link.url }, link.label));
  return el("div", {}, el("h1", { tabIndex: -1 }, t("signIn")), form, legal.length > 0 && el("p", {}, ...legal));
}

function secondFactor(challenge: string, done: () => Promise<void>): HTMLElement {
  const code = el("input", { autocomplete: "one-time-code", required: true });
  const button = el("button", {}, t("signIn"));
  const form = el("form", {}, labelled(t("code"), code), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(form, button, async () => {
      await completeSignIn(challenge, code.value);
      await done();
    });
  });
  return form;
}
