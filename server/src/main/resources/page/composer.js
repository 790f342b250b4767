// The form: prompt, examples, settings.
import { Sketch } from "./sketch.js";
import { Source } from "./source.js";
import { Things } from "./things.js";
import { examples, unknownIn } from "./words.js";

const EXAMPLES = 4;
const LARGEST_SEED = 2n ** 63n - 1n;
const element = (id) => document.getElementById(id);

export class Composer {
  #models = [];
  #form = element("composer");

  /** @param on `draw()` when the person asks for a picture, `change()` after each change of a setting,
   *   `model(name)` when another one is offered that can be taught things */
  constructor(on) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      on.draw();
    });
    // A field that is refused must be seen to be mended
    this.#form.addEventListener("invalid", (event) => {
      element("settings").open ||= element("settings").contains(event.target);
    }, true);
    element("prompt").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
    });
    this.#form.addEventListener("input", () => {
      this.#checkSeed();
      this.#describe();
      on.change();
    });
    element("model").addEventListener("change", () => this.#offer());
    element("more").addEventListener("click", () => this.#offer());
    this.onChange = on.change;
    this.onModel = on.model;
    this.source = new Source({ change: on.change, steps: () => this.steps });
    this.sketch = new Sketch(on.change);
    this.things = new Things((prompt) => this.#write(prompt), () => element("prompt").value);
  }

  #write(prompt) {
    this.fill({ prompt });
    element("prompt").focus({ preventScroll: true });
  }

  /** Fills the model list, the first being the server's default. */
  offerModels(models) {
    const chosen = element("model").value;
    this.#models = models;
    element("model").replaceChildren(...models.map((model) => {
      const option = new Option(model.loaded ? model.id : `${model.id} (loaded when used)`, model.id);
      option.selected = model.id === chosen;
      return option;
    }));
    this.#offer();
  }

  get model() {
    return this.#models.find((model) => model.id === element("model").value);
  }

  /** Steps as typed, else the model's own; 0 when neither is known. */
  get steps() {
    return element("steps").valueAsNumber || this.model?.default_steps || 0;
  }

  /** Whether each picture gets a new seed. */
  get seedIsOpen() {
    return element("seed").value.trim() === "";
  }

  /** The settings, or null while a field is empty or wrong. */
  get settings() {
    if (!this.#form.checkValidity()) {
      return null;
    }
    return {
      prompt: element("prompt").value.trim(),
      count: element("count").valueAsNumber,
      seed: element("seed").value.trim(),
      steps: element("steps").valueAsNumber || 0,
      model: element("model").value,
      format: "png",
      ...this.source.settings,
      ...this.sketch.settings,
    };
  }

  fill(values) {
    for (const [id, value] of Object.entries(values)) {
      element(id).value = value;
    }
    this.#checkSeed();
    this.#describe();
    this.onChange();
  }

  /** Not as a number: that would be exact only up to 15 digits. */
  #checkSeed() {
    const seed = element("seed").value.trim();
    const large = /^[0-9]{1,19}$/.test(seed) && BigInt(seed) > LARGEST_SEED;
    element("seed").setCustomValidity(large ? `A seed is at most ${LARGEST_SEED}.` : "");
  }

  #describe() {
    this.things.complete();
    const known = this.model?.known_words ?? [];
    const unknown = unknownIn(element("prompt").value, known);
    const words = unknown.slice(0, 6).join(", ") + (unknown.length > 6 ? ", …" : "");
    element("unknown").textContent = unknown.length === 0 ? "" : `${this.model.id} was not taught: ${words}.`;
    const count = element("count").valueAsNumber || 1;
    element("steps").placeholder = this.model?.default_steps ?? "";
    element("summary").textContent = [
      count === 1 ? "1 picture" : `${count} pictures`,
      ...(this.steps ? [this.steps === 1 ? "1 step" : `${this.steps} steps`] : []),
      this.seedIsOpen ? "new seed" : `seed ${element("seed").value.trim()}`,
      element("model").value,
    ].join(" · ");
  }

  #offer() {
    this.sketch.offer(this.model);
    element("chips").replaceChildren(...examples(this.model?.known_words ?? [], EXAMPLES).map((prompt) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.textContent = prompt;
      chip.addEventListener("click", () => {
        this.#write(prompt);
      });
      return chip;
    }));
    this.things.offer(this.model?.groups ?? {});
    const teachable = Object.keys(this.model?.groups ?? {}).length > 0; // the other models have no memory for it
    element("teach").hidden = !teachable;
    if (teachable) {
      this.onModel(this.model.id);
    }
    this.#describe();
  }
}
