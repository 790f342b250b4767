// Live mode: the picture follows the typing, where the server draws fast enough.

/** Longest time of a picture, in seconds, at which following the typing is a pleasure. */
export const LIVE_SECONDS = 1;

/**
 * The server's pace with a model, from the stage times that it sends with a picture: `{once, perStep}` in seconds.
 * A queue's wait is no part of it.
 */
export function paceOf(picture) {
  const { unet = 0, queue, ...others } = picture.timings_ms;
  const once = Object.values(others).reduce((sum, each) => sum + each, 0);
  return { once: once / 1000, perStep: unet / 1000 / picture.steps };
}

/** Expected seconds of a picture. */
export function secondsAt(pace, steps) {
  return pace.once + pace.perStep * steps;
}

/** The most steps at which live mode is offered; 0 when not even one is quick enough. */
export function liveSteps(pace) {
  return Math.max(0, Math.floor((LIVE_SECONDS - pace.once) / Math.max(pace.perStep, 1e-6)));
}

/**
 * Draws what was typed last, a moment after the typing paused; what was begun before is cancelled. Lines that are being
 * drawn make no pauses: what was begun is finished first, and then the newest are drawn.
 */
export class Live {
  #draw;
  #pauseMs;
  #timer = 0;
  #current = null;
  #last = "";
  #next = null; // to be drawn when the current drawing is finished

  /** @param draw starts a drawing of some settings and returns something with `cancel()` and `done`, a promise */
  constructor(draw, pauseMs = 250) {
    this.#draw = draw;
    this.#pauseMs = pauseMs;
  }

  /** To be called with the settings after each change; null when there is nothing to draw. */
  update(settings) {
    clearTimeout(this.#timer);
    const wanted = JSON.stringify(settings);
    if (settings === null || wanted === this.#last) {
      this.#next = null;
      return;
    }
    if (settings.control_image) {
      this.#next = settings;
      if (!this.#current) {
        this.#follow();
      }
      return;
    }
    this.#next = null;
    this.#timer = setTimeout(() => {
      this.#current?.cancel();
      this.#begin(settings);
    }, this.#pauseMs);
  }

  #follow() {
    const settings = this.#next;
    this.#next = null;
    if (settings) {
      this.#begin(settings);
    }
  }

  #begin(settings) {
    const drawing = this.#draw(settings);
    this.#last = JSON.stringify(settings);
    this.#current = drawing;
    drawing.done.then(() => {
      if (this.#current === drawing) {
        this.#current = null;
        this.#follow();
      }
    });
  }

  stop() {
    clearTimeout(this.#timer);
    this.#current?.cancel();
    this.#current = null;
    this.#next = null;
    this.#last = "";
  }
}
