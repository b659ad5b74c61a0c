// The same with the client of orval.
import { createDeal, listDeals, type NewDeal } from "./orval/client.js";

export async function titles(): Promise<string[]> {
  const answer = await listDeals({ status: ["submitted"], limit: 10 });
  return answer.status === 200 ? answer.data.data.map((deal) => deal.title) : [];
}

export async function register(deal: NewDeal): Promise<string | undefined> {
  const answer = await createDeal(deal, { headers: { "Idempotency-Key": "one" } });
  return answer.status === 201 ? answer.data.id : undefined;
}

// @ts-expect-error a limit is a number
void listDeals({ limit: "ten" });
