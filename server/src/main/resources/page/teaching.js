// Things of one's own: a name and a picture teach a model one, a button makes it forget.
const element = (id) => document.getElementById(id);

export class Teaching {
  #model = "";
  #taught = [];

  /** @param changed `changed()` when the models have to be asked anew what they draw */
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
    element("teach").addEventListener("toggle", () => element("teach").open && this.#list());
    element("teach-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#teach();
    });
  }

  /** @param model whose things they are */
  offer(model) {
    if (model !== this.#model) {
      this.#model = model;
      this.#say("");
      if (element("teach").open) {
        this.#list();
      }
    }
  }

  get #path() {
    return `v1/models/${encodeURIComponent(this.#model)}/concepts`;
  }

  async #teach() {
    const body = new FormData(element("teach-form"));
    element("teach-send").disabled = true;
    this.#say("The picture is looked at…");
    try {
      const taught = await this.api.json(this.#path, { method: "POST", body });
      element("teach-form").reset();
      this.#say(`“${taught.id}” is drawn from now on. ${(taught.warnings ?? []).join(" ")}`);
      await this.#list();
      this.changed();
    } catch (error) {
      this.#say(error.message);
    } finally {
      element("teach-send").disabled = false;
    }
  }

  async #forget(name) {
    try {
      await this.api.fetch(`${this.#path}/${encodeURIComponent(name)}`, { method: "DELETE" });
      this.#say(`“${name}” is forgotten.`);
      await this.#list();
      this.changed();
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #list() {
    try {
      this.#taught = (await this.api.json(this.#path, { cache: "no-store" })).data;
    } catch (error) {
      this.#say(error.message);
    }
    element("teach-list").replaceChildren(...this.#taught.map(({ id, names }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = "Forget";
      button.setAttribute("aria-label", `Forget ${id}`);
      button.addEventListener("click", () => this.#forget(id));
      item.append(names.join(", "), " ", button);
      return item;
    }));
  }

  #say(sentence) {
    element("teach-status").textContent = sentence;
  }
}
