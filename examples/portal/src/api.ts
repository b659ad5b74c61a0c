// The one way to the API: a client that is typed by the contract, and the session behind it.
//
// The access token lives in this module's memory. What renews it is a cookie that no script can read, so that a page that is
// loaded again is still signed in, and a script that got in from elsewhere finds nothing to carry away.
import createClient from "openapi-fetch";
import type { components, paths } from "./contract";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Deal = Schemas["ExpandableDeal"];
export type Portal = Schemas["Portal"];

/** A call that the server refused, with the problem that it told. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Renews nothing before this many milliseconds are left of the access token. */
const MARGIN = 30_000;
/** Says that there may be a session to go on with. It is no secret, and saves a call that would be refused. */
const SIGNED_IN = "openprm.signed-in";
/** What a page must send with whatever sets or uses the cookie: a form of another site cannot. */
const ASKED = { "X-Requested-With": "fetch" };

let token: { text: string; until: number } | null = null;
let ended: () => void = () => {};

/** Calls back when the session is over. */
export function onEnd(callback: () => void): void {
  ended = callback;
}

async function authorised(request: Request): Promise<Response> {
  if (token && Date.now() > token.until - MARGIN) await renew();
  const again = request.clone();
  const answer = await send(request);
  return answer.status === 401 && token && (await renew()) ? send(again) : answer;
}

function send(request: Request): Promise<Response> {
  if (token) request.headers.set("Authorization", `Bearer ${token.text}`);
  return fetch(request);
}

/**
 * The operations, by method and path. Lists in the query are written with commas. Whole answers are `application/json`; those that
 * `fields` narrows have a media type of their own, and would make every field of every answer one that may be missing.
 */
export const api = createClient<paths, "application/json">({ fetch: authorised, querySerializer: { array: { style: "form", explode: false } } });
/** The same without a token, for signing in. */
const bare = createClient<paths, "application/json">({});

/** The body of an answer; throws the problem of a refusal. */
export async function take<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new Refused(told(error, response));
  return data as T;
}

function told(error: unknown, response: Response): Problem {
  if (typeof error === "object" && error !== null && "code" in error) return error as Problem;
  const title = `${response.status} ${response.statusText}`;
  return { type: "about:blank", title, detail: title, status: response.status, code: "unknown", instance: "", request_id: "", retryable: false, errors: [] };
}

/** Calls an operation that the server names, as it does in schemas of forms, menus and choices. */
export async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ body: T; etag: string | null }> {
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
  const response = await authorised(new Request(path, { method, headers, ...content }));
  const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Refused(told(answer, response));
  return { body: answer as T, etag: response.headers.get("ETag") };
}

/** The header of a call that must not happen twice. */
export const once = () => ({ "Idempotency-Key": crypto.randomUUID() });

function opened(session: Schemas["Session"]): void {
  token = { text: session.access_token, until: Date.now() + session.expires_in * 1000 };
  localStorage.setItem(SIGNED_IN, "yes");
}

/** Opens a session whose refresh token is kept as a cookie. */
export async function signIn(email: string, password: string): Promise<void> {
  const body = { email, password, refresh_token_in: "cookie" as const };
  opened(await take(bare.POST("/v1/auth/login", { params: { header: ASKED }, body })));
}

/** Completes a sign-in that a second factor guards. */
export async function completeSignIn(challenge: string, code: string): Promise<void> {
  const body = { challenge, code, refresh_token_in: "cookie" as const };
  opened(await take(bare.POST("/v1/auth/login/second-factor", { params: { header: ASKED }, body })));
}

/** Whether a session of before goes on: asked once, when the page is loaded. */
export async function resume(): Promise<boolean> {
  return localStorage.getItem(SIGNED_IN) !== null && renew();
}

// The pages of one browser share the cookie, and each of its tokens is good for one use: one page renews at a time.
async function renew(): Promise<boolean> {
  const before = token;
  return await navigator.locks.request("openprm.session", async () => {
    if (token !== before) return token !== null;
    const { data, response } = await bare.POST("/v1/auth/refresh", { params: { header: ASKED }, body: {} });
    if (data) opened(data);
    else if (response.status === 401) forget(), ended();
    return data !== undefined;
  });
}

/** Ends the session, here and on the server. */
export async function signOut(): Promise<void> {
  await api.POST("/v1/auth/logout").finally(forget);
}

function forget(): void {
  token = null;
  localStorage.removeItem(SIGNED_IN);
}

/** What anybody may know of the portal. */
export const publicPortal = () => take(bare.GET("/v1/portal/public"));
