// The same with the client of @hey-api/openapi-ts.
import { createDeal, listDeals, type Deal, type NewDeal } from "./hey-api/index.js";

export async function titles(): Promise<string[]> {
  const { data } = await listDeals({ query: { status: ["submitted"], limit: 10 }, throwOnError: true });
  return data.data.map((deal) => deal.title);
}

export async function register(deal: NewDeal): Promise<Deal["id"]> {
  const { data } = await createDeal({ body: deal, headers: { "Idempotency-Key": "one" }, throwOnError: true });
  return data.id;
}

// @ts-expect-error a limit is a number
void listDeals({ query: { limit: "ten" } });
