// The boards that draw together; nothing is shown where this server draws alone.
import { duration } from "./progress.js";

const AGAIN_MS = 5000;

export class Fleet {
  #api;
  #section;
  #list;
  #timer;

  constructor(api, section, list) {
    this.#api = api;
    this.#section = section;
    this.#list = list;
  }

  /** Shows the boards from now on, as long as there are some and the server answers. */
  async show() {
    clearTimeout(this.#timer);
    let boards = [];
    try {
      boards = (await this.#api.server()).boards ?? [];
    } catch {
      // the page says elsewhere that the server is away, and calls this again when it is back
    }
    this.#section.hidden = boards.length === 0;
    this.#list.replaceChildren(...boards.map(line));
    if (boards.length > 0) {
      this.#timer = setTimeout(() => this.show(), AGAIN_MS);
    }
  }
}

function line(board) {
  const item = document.createElement("li");
  const parts = [`${duration(board.seconds_per_picture)} a picture`];
  if (board.drawing > 0) {
    parts.push(board.drawing === 1 ? "draws a picture" : `has ${board.drawing} pictures in hand`);
  }
  if (board.drained) {
    parts.push("rests");
  }
  if (board.temperature_celsius !== undefined) {
    parts.push(`${Math.round(board.temperature_celsius)} °C`);
  }
  item.textContent = `${board.name}: ${parts.join(", ")}. ${board.models.join(", ")}`;
  return item;
}
