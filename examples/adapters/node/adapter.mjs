// Adapter of a small client with fetch. Copy it, and have `act` call your own client instead.
import { createInterface } from "node:readline";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const PATHS = {
  refundOrder: ["POST", "/refunds"],
  releaseRemainingAuthorization: ["POST", "/release-remaining-authorization"],
  extendDueDate: ["PATCH", "/captures/{capture_id}/extend-due-date"],
  getOptionsForExtendDueDate: ["GET", "/captures/{capture_id}/extend-due-date-options"],
};
const ATTEMPTS = 4;
let hello;

async function act(operation, orderId, { capture_id = "", ...body }) {
  const [method, suffix] = PATHS[operation];
  const url = `${hello.base_url}/ordermanagement/v1/orders/${orderId}${suffix.replace("{capture_id}", capture_id)}`;
  const credentials = Buffer.from(`${hello.username}:${hello.password}`).toString("base64");
  const headers = { Authorization: `Basic ${credentials}` };
  // The key is the same for all attempts, for any of them may have counted.
  if (method !== "GET") headers["Klarna-Idempotency-Key"] = randomUUID();
  const content = Object.keys(body).length ? JSON.stringify(body) : undefined;
  if (content) headers["Content-Type"] = "application/json";
  let unclear = false;
  let pauseMs = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await sleep(pauseMs);
    pauseMs = 100 * 2 ** attempt;
    let response, text;
    try {
      const signal = AbortSignal.timeout(hello.timeout_s * 1000);
      response = await fetch(url, { method, headers, body: content, signal, redirect: "manual" });
      text = await response.text();
    } catch {
      unclear = true; // no answer, or not the whole of it: nobody knows what the server did
      continue;
    }
    if (response.ok) return done(operation, response, text);
    if (response.status === 429) {
      pauseMs = 1000 * Math.min(Number(response.headers.get("retry-after") ?? pauseMs / 1000), 5);
    } else if (response.status >= 500) {
      unclear = true;
    } else {
      return unclear || response.status < 400 ? { outcome: "unknown" } : refused(response, text);
    }
  }
  return { outcome: "unknown" };
}

function done(operation, response, text) {
  if (operation === "refundOrder") {
    const location = (response.headers.get("location") ?? "").split("/").pop();
    return { outcome: "done", refund_id: response.headers.get("refund-id") ?? location };
  }
  if (operation === "getOptionsForExtendDueDate") return { outcome: "done", options: JSON.parse(text).options };
  return { outcome: "done" };
}

function refused(response, text) {
  let error = {};
  try {
    error = JSON.parse(text);
  } catch {
    // Not every refusal is JSON.
  }
  return {
    outcome: "refused",
    error_code: error.error_code,
    error_messages: error.error_messages ?? [error.error_message ?? ""],
    correlation_id: response.headers.get("klarna-correlation-id") ?? error.correlation_id,
  };
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.hello) {
    hello = told.hello;
    say({ ready: { client: `example 1.0 (node ${process.version})`, operations: Object.keys(PATHS) } });
  } else if (!(told.operation in PATHS)) say({ id: told.id, outcome: "unsupported" });
  else say({ id: told.id, ...(await act(told.operation, told.order_id, told.arguments)) });
}
