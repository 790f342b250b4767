// Live mode on the page: when it is offered, and what its pictures do.
import { ServerGone } from "./api.js";
import { Drawing } from "./drawing.js";
import { LIVE_SECONDS, Live, liveSteps, secondsAt } from "./live.js";
import { store } from "./store.js";

const element = (id) => document.getElementById(id);

export class LiveMode {
  #parts;
  #live = new Live((settings) => this.#draw(settings));
  #most = 0; // steps at which live mode is quick enough
  #shown = null; // the newest picture, not in the list until it is kept

  /**
   * @param parts `api`, `viewer`, `gallery`, `composer`; `describe(drawn, settings)` makes a picture of the list, and
   *     `complain(error)` tells the person
   */
  constructor(parts) {
    this.#parts = parts;
    element("live").addEventListener("change", () => this.#toggle());
    element("live-fewer").addEventListener("click", () => {
      parts.composer.fill({ steps: this.#most });
      element("live").focus(); // the button has gone
    });
  }

  get on() {
    return element("live").checked;
  }

  /** To be called after each change of a setting or of the pace. */
  update() {
    this.#offer();
    if (this.on) {
      const settings = this.#parts.composer.settings;
      // JPEG is a tenth of PNG's bytes, which count when every pause of the typing makes a picture
      this.#live.update(settings && { ...settings, count: 1, format: "jpeg" });
    }
  }

  /** Puts the picture that is shown into the list. */
  keep() {
    if (this.#shown) {
      this.#parts.gallery.keep(this.#shown);
      this.#parts.gallery.mark(this.#shown);
      this.#parts.viewer.say("Kept.");
    }
  }

  /** Offered where the server has shown itself quick enough at these steps; else offers fewer steps. */
  #offer() {
    const { composer } = this.#parts;
    const pace = store.pace(composer.model?.id);
    const seconds = pace && composer.steps ? secondsAt(pace, composer.steps) : Infinity;
    const slow = seconds > LIVE_SECONDS;
    this.#most = pace ? liveSteps(pace) : 0;
    const fewer = !this.on && slow && this.#most > 0 && Number.isFinite(seconds);
    element("live-label").hidden = !this.on && slow;
    element("live-hint").textContent = this.on
      ? "The picture follows your typing. Keep the ones that you like."
      : fewer
        ? "With fewer steps the picture could follow your typing."
        : "";
    element("live-line").hidden = element("live-hint").textContent === "";
    element("live-fewer").hidden = !fewer;
    element("live-fewer").textContent = this.#most === 1 ? "Use 1 step" : `Use ${this.#most} steps`;
  }

  #toggle() {
    const { composer, viewer } = this.#parts;
    document.body.classList.toggle("live", this.on);
    element("draw").textContent = this.on ? "Keep" : "Draw";
    element("draw").disabled = this.on; // until there is something to keep
    viewer.alarm("");
    if (!this.on) {
      this.#live.stop();
      this.#shown = null;
      viewer.end("");
    } else if (composer.seedIsOpen) {
      // One seed, so that the picture changes with the words alone
      composer.fill({ seed: String(crypto.getRandomValues(new Uint32Array(1))[0]) });
    }
    if (this.on) {
      scrollTo(0, 0); // on a small screen the picture has moved above the words
    }
    this.update();
  }

  #draw(settings) {
    const { api, viewer, complain } = this.#parts;
    let superseded = false;
    viewer.begin(true);
    const drawing = new Drawing(api, settings, {
      accepted: () => viewer.say("Drawing"),
      progress: () => {},
      picture: (drawn) => superseded || this.#show(this.#parts.describe(drawn, settings)),
      refused: (error) => {
        viewer.say(error instanceof ServerGone ? "" : error.message);
        complain(error);
      },
      trouble: () => complain(new ServerGone()),
    });
    const done = drawing.run().then(
      (last) => superseded || this.#finish(last),
      (error) => superseded || complain(error),
    );
    return {
      done,
      cancel: () => {
        superseded = true;
        drawing.cancel().catch(() => {}); // the next request will tell what is wrong
      },
    };
  }

  #finish(last) {
    const { viewer } = this.#parts;
    viewer.say("");
    if (last.name === "failed") {
      viewer.alarm(last.data.error?.message ?? "The drawing failed.");
    } else if (last.name === "succeeded" && this.#shown) {
      this.#shown = { ...this.#shown, warnings: last.data.warnings };
      viewer.warn(last.data.warnings);
    }
  }

  async #show(picture) {
    const { gallery, viewer, complain } = this.#parts;
    const before = this.#shown;
    this.#shown = picture;
    let url = null;
    try {
      url = await gallery.url(picture);
    } catch (error) {
      complain(error);
    }
    if (!this.on || !url) {
      return;
    }
    if (this.#shown?.job === picture.job) { // else a newer one came while the bytes of this one were on their way
      viewer.show(this.#shown, url);
      gallery.mark(null);
      element("draw").disabled = false;
    }
    if (before && !store.pictures().some((each) => each.job === before.job)) {
      gallery.release(before);
    }
  }
}
