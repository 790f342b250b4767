// The picture in its mat, with the progress of the next one, and what is known of it.
import { Compare } from "./compare.js";
import { PHASES, detail, fraction, headline } from "./progress.js";

const element = (id) => document.getElementById(id);

/** "a red house, at night" → "a-red-house-at-night". */
function fileName(picture) {
  const words = picture.prompt.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
  return `${words || "picture"}-${picture.seed}.${picture.format === "jpeg" ? "jpg" : picture.format}`;
}

export class Viewer {
  #timer = 0;
  #shown = null;
  #compare = new Compare();

  constructor() {
    element("phases").replaceChildren(...PHASES.map((phase) => {
      const item = document.createElement("li");
      item.textContent = phase;
      return item;
    }));
  }

  /** The picture that is shown, or null. */
  get shown() {
    return this.#shown;
  }

  /** @param url of its bytes */
  show(picture, url) {
    this.#shown = picture;
    const image = element("picture");
    image.src = url;
    image.alt = picture.prompt;
    image.width = picture.width;
    image.height = picture.height;
    image.hidden = false;
    element("empty").hidden = true;
    element("frame").classList.remove("drawing");
    element("caption").hidden = false;
    element("caption-prompt").textContent = picture.prompt;
    element("caption-settings").textContent =
      `seed ${picture.seed} · ${picture.steps} ${picture.steps === 1 ? "step" : "steps"} · ${picture.model} · ` +
      `${picture.width}×${picture.height} · ${new Date(picture.at).toLocaleString()}`;
    element("download").href = url;
    element("download").download = fileName(picture);
    this.warn(picture.warnings ?? []);
    this.#compare.show(picture);
  }

  /** @param image data URL that the picture was drawn from; empty for one from words */
  rememberSource(picture, image) {
    this.#compare.remember(picture, image);
  }

  clear(text = "Your picture appears here.") {
    this.#shown = null;
    this.#compare.show(null);
    element("picture").hidden = true;
    element("picture").removeAttribute("src");
    element("caption").hidden = true;
    element("empty").hidden = false;
    element("empty").textContent = text;
  }

  /** What the model could not follow, in the server's words. */
  warn(sentences) {
    element("warnings").replaceChildren(...sentences.map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }));
  }

  /** A drawing has begun; quick ones show no bar. */
  begin(quick = false) {
    this.alarm("");
    element("progress").hidden = quick;
    element("bar").value = 0;
    this.#light("");
    element("frame").classList.toggle("drawing", !quick);
    if (!quick) {
      element("stage").scrollIntoView({ block: "nearest", behavior: "auto" });
    }
  }

  progress(state) {
    clearInterval(this.#timer);
    const since = performance.now();
    const tick = () => {
      element("detail").textContent = detail(state, state.eta - (performance.now() - since) / 1000);
    };
    element("bar").value = 100 * fraction(state);
    this.#light(state.phase);
    this.say(headline(state));
    tick();
    this.#timer = setInterval(tick, 1000);
  }

  #light(phase) {
    for (const [i, item] of [...element("phases").children].entries()) {
      item.className = PHASES[i] === phase ? "now" : "";
    }
  }

  /** The drawing is over; `sentence` tells how. */
  end(sentence) {
    clearInterval(this.#timer);
    element("detail").textContent = "";
    element("progress").hidden = true;
    element("frame").classList.remove("drawing");
    this.say(sentence);
  }

  /** Said once, and read aloud once: a status that is written again would be read again. */
  say(sentence) {
    if (element("status").textContent !== sentence) {
      element("status").textContent = sentence;
    }
  }

  /** @param action `{label, run}` that may mend it */
  alarm(sentence, action) {
    element("alert").replaceChildren(sentence);
    if (action) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = action.label;
      button.addEventListener("click", action.run);
      element("alert").append(button);
    }
  }
}
