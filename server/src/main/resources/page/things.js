// The things that a model was taught to draw: completion while typing, and all of them by group.
import { completions, withThing } from "./words.js";

const OFFERED = 6;
const element = (id) => document.getElementById(id);

export class Things {
  #groups = {};

  /** @param write `write(prompt)` puts a text into the prompt's field, `text()` reads it */
  constructor(write, text) {
    this.write = write;
    this.text = text;
    // Hundreds of buttons are made only when somebody looks
    element("things").addEventListener("toggle", () => element("things").open && this.#list());
  }

  /** @param groups names of things by group; none hides both */
  offer(groups) {
    this.#groups = groups;
    const names = Object.values(groups).flat();
    element("things").hidden = names.length === 0;
    element("things-count").textContent = names.length;
    element("things-list").replaceChildren();
    if (element("things").open) {
      this.#list();
    }
    this.complete();
  }

  /** Offers ends for the word that is being typed. */
  complete() {
    const found = completions(this.text(), this.#groups, OFFERED);
    element("completions").hidden = found.length === 0;
    element("completions").replaceChildren(...found.map(({ name, text }) => this.#button(name, () => text)));
  }

  #list() {
    if (element("things-list").childElementCount > 0) {
      return;
    }
    element("things-list").replaceChildren(...Object.entries(this.#groups).flatMap(([group, names]) => {
      const title = document.createElement("h3");
      title.textContent = group;
      const chips = document.createElement("div");
      chips.className = "chips";
      chips.append(...names.map((name) => this.#button(name, () => withThing(this.text(), name))));
      return [title, chips];
    }));
  }

  #button(name, text) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => this.write(text()));
    return button;
  }
}
