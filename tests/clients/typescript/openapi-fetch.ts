// What a front end does with the types of openapi-typescript: only what the contract knows compiles.
import createClient from "openapi-fetch";
import type { components, paths, webhooks } from "./openapi-typescript/schema.js";

// Whole records and problems; the contract also has narrowed records (`fields`), which are of another type.
const api = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: "https://prm.example.com" });

export async function titles(): Promise<string[]> {
  const { data, error } = await api.GET("/v1/deals", { params: { query: { status: ["submitted"], limit: 10 } } });
  if (error) {
    throw new Error(error.code);
  }
  return data.data.map((deal) => deal.title);
}

export async function register(deal: components["schemas"]["NewDeal"]): Promise<string> {
  const made = await api.POST("/v1/deals", { body: deal, params: { header: { "Idempotency-Key": "one" } } });
  if (!made.data) {
    throw new Error(made.error.detail);
  }
  return made.data.id;
}

// @ts-expect-error there is no such address
void api.GET("/v1/no-such-thing");
// @ts-expect-error a limit is a number
void api.GET("/v1/deals", { params: { query: { limit: "ten" } } });

type Approved = webhooks["deal.approved"]["post"]["requestBody"]["content"]["application/json"];
export const approved = (message: Approved): "deal.approved" => message.type;
