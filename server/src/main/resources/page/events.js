// Server-sent events by fetch: EventSource cannot send the API key.
import { parse as parseJson } from "./json.js";

/** Cuts a stream of text into events `{id, name, data}`, data being parsed JSON; comments are left out. */
export class EventParser {
  #rest = "";

  /** The events that `text` completes. */
  push(text) {
    const frames = (this.#rest + text).split("\n\n");
    this.#rest = frames.pop();
    return frames.map(parse).filter((event) => event.data !== undefined);
  }
}

function parse(frame) {
  const event = { id: "", name: "message", data: undefined };
  for (const line of frame.split("\n")) {
    const colon = line.indexOf(": ");
    const value = line.slice(colon + 2);
    switch (line.slice(0, colon)) {
      case "id": event.id = value; break;
      case "event": event.name = value; break;
      case "data": event.data = parseJson(value); break;
    }
  }
  return event;
}

/** The events of a response until it ends; `alive` is called with each piece that comes, heartbeats included. */
export async function* eventsOf(response, alive) {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      alive();
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {}); // it may be over already
  }
}
