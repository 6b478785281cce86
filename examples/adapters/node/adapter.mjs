// Adapter with a small client that uses fetch. Copy it, and call your own client in `execute`.
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
const LONGEST_PAUSE_MS = 30_000;
let hello;

async function execute(operation, orderId, { capture_id = "", ...body }) {
  const [method, suffix] = PATHS[operation];
  const path = `/ordermanagement/v1/orders/${orderId}${suffix.replace("{capture_id}", capture_id)}`;
  const credentials = Buffer.from(`${hello.username}:${hello.password}`).toString("base64");
  const headers = { Authorization: `Basic ${credentials}` };
  // All attempts use the same key, because any of them may have taken effect.
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
      const request = { method, headers, body: content, signal, redirect: "manual" };
      response = await fetch(hello.base_url + path, request);
      text = await response.text();
    } catch {
      unclear = true; // no complete response: the effect is unknown
      continue;
    }
    if (response.ok) return done(operation, response, text);
    if (response.status === 429) {
      const seconds = response.headers.get("retry-after") ?? "";
      if (/^\d+$/.test(seconds)) pauseMs = 1000 * Number(seconds);
      if (pauseMs > LONGEST_PAUSE_MS) break;
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
    const location = (response.headers.get("location") ?? "").replace(/\/$/, "").split("/").pop();
    return { outcome: "done", refund_id: response.headers.get("refund-id") || location || null };
  }
  if (operation === "getOptionsForExtendDueDate") {
    const { options } = members(text);
    return { outcome: options ? "done" : "unknown", options };
  }
  return { outcome: "done" };
}

function refused(response, text) {
  const error = members(text);
  return {
    outcome: "refused",
    error_code: error.error_code,
    error_messages: error.error_messages ?? [error.error_message ?? ""],
    correlation_id: error.correlation_id ?? response.headers.get("klarna-correlation-id"),
  };
}

// The members of a JSON body; none for other bodies, such as an error page.
function members(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

const send = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.hello) {
    hello = command.hello;
    send({ ready: { client: `example 1.0 (node ${process.version})`, operations: Object.keys(PATHS) } });
  } else if (!(command.operation in PATHS)) send({ id: command.id, outcome: "unsupported" });
  else send({ id: command.id, ...(await execute(command.operation, command.order_id, command.arguments)) });
}
