// A consumer written against the generated types: it compiles only if the document says what such a consumer needs.
import createClient from "openapi-fetch";
import type { components, paths } from "./facade.js";

const [base] = process.argv.slice(2);
// Lists come as JSON, NDJSON or CSV; this consumer speaks JSON.
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: base ?? "" });

async function main(): Promise<void> {
  const page = await client.GET("/v1/customers", {
    params: { query: { category: "export", "credit_limit[gte]": "5000.00", sort: ["-credit_limit"], limit: 3 } },
  });
  if (page.error) throw new Error(page.error.code);
  for (const customer of page.data.items) {
    const name: string | undefined = customer.name;
    const limit: string | null | undefined = customer.credit_limit; // exact, so text
    console.log(customer.id, name, limit);
  }
  const first = page.data.items[0];
  if (!first) throw new Error("there are no customers");
  const one = await client.GET("/v1/customers/{id}", { params: { path: { id: first.id } } });
  if (one.error) throw new Error(one.error.code);
  const orders = await client.GET("/v1/customers/{id}/orders", { params: { path: { id: first.id } } });
  const order: components["schemas"]["Order"] | components["schemas"]["OrderSelection"] | undefined = orders.data?.items[0];
  const status: "open" | "shipped" | "cancelled" | null | undefined = order?.status;
  console.log("its first order:", status);
}

await main();
