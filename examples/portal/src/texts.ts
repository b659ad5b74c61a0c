// The portal's own words. Labels of fields, choices, menus and kinds of work are the server's.
const en = {
  signIn: "Sign in", email: "E-mail", password: "Password", code: "Code of the second factor", signOut: "Sign out", skip: "Skip to the content",
  factorDue: "Your program wants a second factor. Set one up with the vendor's own portal first; this example does not.",
  menu: "Menu", home: "Home", openWork: "Open work", waits: "waiting", late: "late", unread: "Unread notices", noWork: "Nothing waits for you.",
  more: "Show more", nothing: "There is nothing here.", failed: "That did not work. Try again.", search: "Search",
  register: "Register a deal", change: "Change", save: "Save the draft", saveChange: "Save", submit: "Submit", check: "Check for conflicts first",
  needed: "Fields with * are needed to submit.", noForm: "There is nothing here that you may write.",
  add: "Add", remove: "Remove", optional: "optional", saved: "Saved", submitted: "Submitted",
  number: "Number", title: "Title", customer: "Customer", partner: "Partner", status: "Status", value: "Expected value", territory: "Territory",
  products: "Products", close: "Expected close", received: "Received", protection: "Protected until", changed: "Last changed", due: "Due", kind: "What waits", since: "Since",
  verdict: "Conflict check", dryRunLeft: "Looks left today", queue: "Place in the queue", claims: "What was found", clears: "What would clear it", freeFrom: "Free from",
  recognised: "How the customer was recognised", why: "Why", standing: "Standing", effect: "Leads to", match: "Match",
  questions: "Questions", answers: "Answer", answer: "Send the answers", answered: "Answered", ask: "Ask the partner", askQuestions: "Questions, one a line", reason: "Reason",
  decide: "Decide", note: "Note to the partner", approve: "Approve", reject: "Reject", decision: "Decision", why_not: "Not possible now",
  notices: "Notices", markRead: "Mark as read", readAll: "Mark all as read", onlyUnread: "Only unread ones", read: "Read", open: "Open",
  "status.draft": "Draft", "status.submitted": "Submitted", "status.in_review": "In review", "status.info_requested": "Questions are open", "status.approved": "Approved",
  "status.rejected": "Rejected", "status.withdrawn": "Withdrawn", "status.lapsed": "Lapsed", "status.revoked": "Revoked", "status.superseded": "Superseded", "status.not_registered": "Not registered",
  "verdict.clear": "Clear", "verdict.advisory": "Something to know", "verdict.review": "A person has to look", "verdict.conflict": "Conflict", "verdict.needs_review": "A person would have to look",
};

const de: Record<keyof typeof en, string> = {
  signIn: "Anmelden", email: "E-Mail", password: "Passwort", code: "Code des zweiten Faktors", signOut: "Abmelden", skip: "Zum Inhalt",
  factorDue: "Ihr Programm verlangt einen zweiten Faktor. Richten Sie ihn zuerst im Portal des Herstellers ein; dieses Beispiel kann das nicht.",
  menu: "Menü", home: "Start", openWork: "Offene Arbeit", waits: "offen", late: "überfällig", unread: "Ungelesene Mitteilungen", noWork: "Nichts wartet auf Sie.",
  more: "Mehr anzeigen", nothing: "Hier ist nichts.", failed: "Das ging nicht. Versuchen Sie es noch einmal.", search: "Suchen",
  register: "Projekt registrieren", change: "Ändern", save: "Entwurf speichern", saveChange: "Speichern", submit: "Einreichen", check: "Zuerst auf Konflikte prüfen",
  needed: "Felder mit * braucht es zum Einreichen.", noForm: "Hier ist nichts, was Sie schreiben dürfen.",
  add: "Hinzufügen", remove: "Entfernen", optional: "freiwillig", saved: "Gespeichert", submitted: "Eingereicht",
  number: "Nummer", title: "Titel", customer: "Kunde", partner: "Partner", status: "Stand", value: "Erwarteter Wert", territory: "Gebiet",
  products: "Produkte", close: "Erwarteter Abschluss", received: "Eingegangen", protection: "Geschützt bis", changed: "Zuletzt geändert", due: "Fällig", kind: "Was wartet", since: "Seit",
  verdict: "Konfliktprüfung", dryRunLeft: "Heute noch mögliche Prüfungen", queue: "Platz in der Reihe", claims: "Was gefunden wurde", clears: "Was es löst", freeFrom: "Frei ab",
  recognised: "Woran der Kunde erkannt wurde", why: "Warum", standing: "Bestand", effect: "Führt zu", match: "Übereinstimmung",
  questions: "Fragen", answers: "Antwort", answer: "Antworten senden", answered: "Beantwortet", ask: "Den Partner fragen", askQuestions: "Fragen, eine je Zeile", reason: "Grund",
  decide: "Entscheiden", note: "Notiz an den Partner", approve: "Genehmigen", reject: "Ablehnen", decision: "Entscheidung", why_not: "Jetzt nicht möglich",
  notices: "Mitteilungen", markRead: "Als gelesen markieren", readAll: "Alle als gelesen markieren", onlyUnread: "Nur ungelesene", read: "Gelesen", open: "Öffnen",
  "status.draft": "Entwurf", "status.submitted": "Eingereicht", "status.in_review": "In Prüfung", "status.info_requested": "Fragen sind offen", "status.approved": "Genehmigt",
  "status.rejected": "Abgelehnt", "status.withdrawn": "Zurückgezogen", "status.lapsed": "Verfallen", "status.revoked": "Widerrufen", "status.superseded": "Ersetzt", "status.not_registered": "Nicht registriert",
  "verdict.clear": "Frei", "verdict.advisory": "Etwas zu beachten", "verdict.review": "Jemand muss es ansehen", "verdict.conflict": "Konflikt", "verdict.needs_review": "Jemand müsste es ansehen",
};

export type Text = keyof typeof en;
let here = "en";

/** Takes the language that the server answered in. */
export function speak(code: string): void {
  here = code;
  document.documentElement.lang = code;
}

/** The language of the page, as a tag. */
export const language = () => here;

/** A text in that language. */
export const t = (text: Text) => (here === "de" ? de : en)[text];

/** What people read for a word of a closed set; the word itself if the portal does not know it. */
export function word(kind: "status" | "verdict", code: string): string {
  const text = `${kind}.${code}`;
  return text in en ? t(text as Text) : code.replaceAll("_", " ");
}
