// The server's API as the page uses it: keys, errors, jobs and their events.
import { eventsOf } from "./events.js";
import { parse } from "./json.js";

const FINAL = new Set(["succeeded", "failed", "cancelled"]);
const SILENCE_MS = 35_000; // three heartbeats; a phone that changed networks hears nothing, not even an end
const BACKOFF_MS = [500, 1000, 2000, 4000];

/** A refusal by the server, in its own words. */
export class Refusal extends Error {
  constructor(status, error, retryAfterSeconds) {
    super(error.message ?? `the server answered with status ${status}`);
    this.status = status;
    this.code = error.code ?? "";
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same request may succeed a little later. */
  get temporary() {
    return this.status === 429 || this.status === 503;
  }
}

/** No answer at all. */
export class ServerGone extends Error {}

/** Resolves after `ms`, or rejects when `signal` aborts. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

export class Api {
  #keys;

  /** @param keys knows the key (`current()`) and can ask the person for one (`ask(hadKey)`) */
  constructor(keys) {
    this.#keys = keys;
  }

  /** A response of status 2xx. Throws Refusal, ServerGone, or what aborted `options.signal`. */
  async fetch(path, options = {}) {
    for (;;) {
      const key = this.#keys.current();
      const headers = { ...options.headers };
      if (key) {
        headers.Authorization = `Bearer ${key}`;
      }
      const response = await reach(path, { ...options, headers });
      if (response.ok) {
        return response;
      }
      const refusal = await refusalOf(response);
      const again = refusal.status === 401 && (this.#keys.current() !== key || (await this.#keys.ask(Boolean(key))));
      if (!again) {
        throw refusal;
      }
    }
  }

  async json(path, options) {
    return parse(await (await this.fetch(path, options)).text());
  }

  models() {
    return this.json("v1/models", { cache: "no-store" });
  }

  /** What the server tells of itself. */
  server() {
    return this.json("v1/server", { cache: "no-store" });
  }

  /** Whether the server answers at all. */
  async isThere() {
    try {
      return (await fetch("health/live", { cache: "no-store" })).status < 500; // above, it is a proxy that answers
    } catch {
      return false;
    }
  }

  /** Hands in a job; `name` makes a repeated call find the first one's job. */
  submit(body, name, signal) {
    return this.json("v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": name },
      body: JSON.stringify(body),
      signal,
    });
  }

  job(id) {
    return this.json(`v1/jobs/${id}`, { cache: "no-store" });
  }

  cancel(id) {
    return this.json(`v1/jobs/${id}`, { method: "DELETE" });
  }

  async picture(id, index) {
    return (await this.fetch(`v1/jobs/${id}/images/${index}`)).blob();
  }

  /** A job's events to its last one, over as many connections as it takes; `trouble` hears of each that broke. */
  async *watch(id, signal, trouble) {
    let seen = "0";
    for (let failures = 0; ; failures++) {
      const line = lineOf(signal);
      try {
        const headers = { Accept: "text/event-stream", "Last-Event-ID": seen };
        const response = await this.fetch(`v1/jobs/${id}/events`, { headers, cache: "no-store", signal: line.signal });
        for await (const event of eventsOf(response, line.alive)) {
          failures = 0;
          seen = event.id || seen;
          yield event;
          if (FINAL.has(event.name)) {
            return;
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Refusal && !error.temporary) {
          throw error;
        }
      } finally {
        line.close();
      }
      trouble();
      await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)], signal);
    }
  }
}

/** A signal that aborts with `signal`, or when nobody has called `alive` for too long. */
function lineOf(signal) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let timer = setTimeout(abort, SILENCE_MS);
  signal.addEventListener("abort", abort);
  return {
    signal: controller.signal,
    alive: () => {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
    },
    close: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      controller.abort();
    },
  };
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new ServerGone("The server does not answer.", { cause: error });
  }
}

async function refusalOf(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // a proxy's page, perhaps; the status says enough
  }
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new Refusal(response.status, error, Number.isFinite(wait) ? wait : 5);
}
