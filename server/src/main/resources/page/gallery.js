// The pictures that this device has asked for: the list is kept here, the pictures come from the server.
import { Refusal } from "./api.js";
import { store } from "./store.js";

const element = (id) => document.getElementById(id);
const nameOf = (picture) => `${picture.job}/${picture.index}`;

export class Gallery {
  #api;
  #on;
  #urls = new Map();
  #cards = new Map();
  #inSight = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
    this.#inSight.unobserve(entry.target);
    this.#fillCard(entry.target);
  }), { rootMargin: "200px" });

  /** @param on `open(picture)` when the person chooses one */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
    store.onChange(() => this.render());
    this.render();
  }

  /** An address of the picture's bytes on this page; null when the server has it no more. */
  url(picture) {
    const name = nameOf(picture);
    if (!this.#urls.has(name)) {
      const loading = this.#load(picture);
      this.#urls.set(name, loading);
      loading.catch(() => this.#urls.delete(name)); // to be tried again
    }
    return this.#urls.get(name);
  }

  /** Frees a picture that is shown no more. */
  async release(picture) {
    const url = await this.#urls.get(nameOf(picture))?.catch(() => null);
    this.#urls.delete(nameOf(picture));
    if (url) {
      URL.revokeObjectURL(url);
    }
  }

  keep(picture) {
    store.keep(picture);
    this.render();
  }

  /** Takes a picture off the list; the keyboard's focus goes on to the list's title. */
  forget(picture) {
    store.forget(picture);
    this.release(picture);
    this.render();
    element("gallery-title").focus();
  }

  /** Marks the one that is shown. */
  mark(picture) {
    for (const [name, card] of this.#cards) {
      card.querySelector("button").toggleAttribute("aria-current", false);
      if (picture && name === nameOf(picture)) {
        card.querySelector("button").setAttribute("aria-current", "true");
      }
    }
  }

  /** Tries again what could not be loaded while the server was away. */
  retry() {
    this.#cards.forEach((card) => card.dataset.state === "failed" && this.#inSight.observe(card));
  }

  render() {
    const pictures = store.pictures();
    const cards = new Map(pictures.map((picture) => {
      const name = nameOf(picture);
      return [name, this.#cards.get(name) ?? this.#card(picture)];
    }));
    this.#cards.forEach((card, name) => cards.has(name) || card.remove());
    this.#cards = cards;
    // Only what is new is put in: a card that is moved would lose the keyboard's focus
    const list = element("thumbs");
    [...cards.values()].forEach((card, i) => {
      if (list.children[i] !== card) {
        list.insertBefore(card, list.children[i] ?? null);
      }
    });
    element("gallery-empty").hidden = pictures.length > 0;
  }

  async #load(picture) {
    try {
      return URL.createObjectURL(await this.#api.picture(picture.job, picture.index));
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) {
        return null;
      }
      throw error;
    }
  }

  #card(picture) {
    const card = document.createElement("li");
    card.picture = picture;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Show: ${picture.prompt}, seed ${picture.seed}`);
    button.addEventListener("click", () => this.#on.open(picture));
    const caption = document.createElement("p");
    caption.textContent = picture.prompt;
    caption.setAttribute("aria-hidden", "true");
    card.append(button, caption);
    this.#inSight.observe(card);
    return card;
  }

  async #fillCard(card) {
    const button = card.querySelector("button");
    try {
      const url = await this.url(card.picture);
      card.dataset.state = url ? "shown" : "expired";
      if (url) {
        const image = new Image();
        image.src = url;
        image.alt = "";
        button.replaceChildren(image);
      } else {
        button.setAttribute("aria-label", `Expired: ${card.picture.prompt}, seed ${card.picture.seed}`);
        button.replaceChildren(Object.assign(document.createElement("span"), {
          className: "expired", textContent: "No longer on the server",
        }));
      }
    } catch {
      card.dataset.state = "failed";
    }
  }
}
