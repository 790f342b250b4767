// One drawing: from the request to its last picture, over a full queue, lost connections and a reloaded page.
import { Refusal, ServerGone, pause } from "./api.js";
import { after, begin } from "./progress.js";

const GONE_MS = 2000;
const FINAL = new Set(["succeeded", "failed", "cancelled"]);

/** The body of a request; the seed as text, since it may have more digits than a number here can hold. */
function bodyOf(settings) {
  const body = { prompt: settings.prompt, n: settings.count, model: settings.model, output_format: settings.format };
  if (settings.seed !== "") {
    body.seed = settings.seed;
  }
  if (settings.steps) {
    body.steps = settings.steps;
  }
  if (settings.control_image) {
    body.control_image = settings.control_image;
    body.control_scale = settings.control_scale;
    body.control_preprocessor = settings.control_preprocessor;
    body.control = settings.control;
  }
  if (settings.image) {
    body.image = settings.image;
    body.strength = settings.strength;
  }
  if (settings.mask) {
    body.mask = settings.mask;
  }
  return body;
}

/** Not randomUUID(): browsers offer that to https and localhost only. */
function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Drawing {
  #api;
  #on;
  #controller = new AbortController();
  #submitted = null;

  /**
   * @param settings `{prompt, count, seed, steps, model, format}` and, to draw a picture anew, `{image, mask, strength}`, or to follow
   *     lines, `{control_image, control_scale}`
   * @param on `accepted(job)`, `progress(state)`, `picture(picture)`, `refused(error)`, a Refusal or ServerGone, before it
   *     waits and tries again, `trouble()` when the connection broke
   */
  constructor(api, settings, on) {
    this.#api = api;
    this.settings = settings;
    this.#on = on;
  }

  /** Takes up a job that was handed in before the page was loaded. */
  resume(id) {
    this.#submitted = Promise.resolve({ id });
    return this.run();
  }

  /** Returns the last event, `{name, data}` with name succeeded, failed or cancelled. Throws Refusal. */
  async run() {
    const signal = this.#controller.signal;
    try {
      this.#submitted ??= this.#submit(signal);
      const job = await this.#submitted;
      signal.throwIfAborted();
      this.#on.accepted(job);
      return await this.#watch(job.id, signal);
    } catch (error) {
      if (signal.aborted) {
        return { name: "cancelled", data: null };
      }
      throw error;
    }
  }

  /** Ends it here at once, and on the server as soon as that can be told; rejects when it cannot. */
  async cancel() {
    this.#controller.abort();
    const job = await this.#submitted?.catch(() => null);
    if (job) {
      await this.#api.cancel(job.id);
    }
  }

  async #watch(id, signal) {
    let state = begin(this.settings.count);
    for await (const event of this.#api.watch(id, signal, this.#on.trouble)) {
      signal.throwIfAborted();
      state = after(state, event);
      this.#on.progress(state);
      if (event.name === "image") {
        this.#on.picture({ ...event.data, job: id });
      }
      if (FINAL.has(event.name)) {
        return event;
      }
    }
    throw new Error("a job's events ended without its end");
  }

  /** The request itself is not aborted: it may be accepted, and a job nobody knows could not be cancelled. */
  async #submit(signal) {
    const name = randomName();
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#api.submit(bodyOf(this.settings), name);
      } catch (error) {
        const gone = error instanceof ServerGone;
        if (!gone && !(error instanceof Refusal && error.temporary)) {
          throw error;
        }
        signal.throwIfAborted();
        this.#on.refused(error);
        await pause(gone ? GONE_MS : error.retryAfterSeconds * 1000, signal);
      }
    }
  }
}
