// The page: what happens when. Each part has a file of its own.
import { Api, Refusal, ServerGone } from "./api.js";
import { Composer } from "./composer.js";
import { Drawing } from "./drawing.js";
import { Fleet } from "./fleet.js";
import { Gallery } from "./gallery.js";
import { KeyRing } from "./key.js";
import { paceOf } from "./live.js";
import { LiveMode } from "./livemode.js";
import { duration } from "./progress.js";
import { store } from "./store.js";
import { Teaching } from "./teaching.js";
import { Viewer } from "./viewer.js";

const AWAY_MS = 3000;
const element = (id) => document.getElementById(id);

const keys = new KeyRing(() => refresh());
const api = new Api(keys);
const viewer = new Viewer();
const gallery = new Gallery(api, { open });
const teaching = new Teaching(api, () => loadModels());
const composer = new Composer({ draw: main, change: () => live.update(), model: (name) => teaching.offer(name) });
const fleet = new Fleet(api, element("fleet"), element("boards"));
const live = new LiveMode({ api, viewer, gallery, composer, describe, complain });

let drawing = null; // the one that Cancel ends
let latest = null; // the picture that was opened last
let away = false;

// Drawing

function main() {
  keys.mayAsk();
  if (live.on) {
    live.keep();
  } else if (!drawing) {
    const settings = composer.settings;
    follow(new Drawing(api, settings, listener(settings)), (each) => each.run());
  }
}

/** What a drawing that goes into the list tells the page. */
function listener(settings) {
  return {
    accepted: (job) => {
      // Without the picture, which the server has by now and localStorage has no room for
      store.setPending({ id: job.id, settings: { ...settings, image: undefined, mask: undefined, control_image: undefined } });
      viewer.alarm("");
    },
    progress: (state) => viewer.progress(state),
    picture: (drawn) => {
      const picture = describe(drawn, settings);
      gallery.keep(picture);
      open(picture, false);
    },
    refused: (error) => {
      if (error instanceof ServerGone) {
        viewer.say("Not sent yet.");
        lost();
      } else {
        viewer.say(`${sentence(error.message)} Trying again in ${duration(error.retryAfterSeconds)}.`);
      }
    },
    trouble: () => {
      viewer.say("The connection broke. The job goes on; looking for the server again.");
      lost();
    },
  };
}

async function follow(next, start) {
  drawing = next;
  element("draw").disabled = true;
  element("live").disabled = true;
  element("cancel").hidden = false;
  viewer.begin();
  viewer.say("Sending");
  try {
    const last = await start(next);
    if (drawing === next) {
      viewer.end(outcome(last, next.settings));
      learn(last);
    }
  } catch (error) {
    if (drawing === next) {
      viewer.end("");
      complain(error);
    }
  } finally {
    if (drawing === next) {
      idle();
    }
  }
}

function idle() {
  const focused = document.activeElement === element("cancel");
  drawing = null;
  store.setPending(null);
  element("draw").disabled = false;
  element("live").disabled = false;
  element("cancel").hidden = true;
  if (focused) {
    element("draw").focus(); // the button under the focus has gone
  }
}

async function cancel() {
  const ended = drawing;
  viewer.end("Cancelled.");
  idle();
  try {
    await ended.cancel();
  } catch (error) {
    complain(error);
  }
}

function outcome(last, settings) {
  if (last.name === "succeeded") {
    const seconds = last.data.finished - last.data.started;
    const what = settings.count === 1 ? "The picture is" : `${settings.count} pictures are`;
    return `${what} ready${seconds >= 1 ? `, after ${duration(seconds)}` : ""}.`;
  }
  if (last.name === "failed") {
    viewer.alarm(sentence(last.data.error?.message ?? "the drawing failed"));
    return "";
  }
  return "Cancelled.";
}

/** A job's end brings what its pictures did not: the warnings. */
function learn(last) {
  const warnings = last.data?.warnings ?? [];
  for (const image of last.data?.images ?? []) {
    const kept = store.pictures().find((each) => each.job === last.data.id && each.index === image.index);
    if (kept) {
      store.keep({ ...kept, warnings });
    }
  }
  if (viewer.shown?.job === last.data?.id) {
    viewer.warn(warnings);
  }
  if (!composer.model?.loaded) {
    loadModels(); // the one that has drawn is known better now
  }
}

function describe(drawn, settings) {
  store.setPace(settings.model, paceOf(drawn));
  live.update();
  viewer.rememberSource(drawn, settings.image);
  return {
    job: drawn.job, index: drawn.index, prompt: settings.prompt, seed: drawn.seed, steps: drawn.steps,
    model: settings.model, width: drawn.width, height: drawn.height, format: drawn.format, at: Date.now(), warnings: [],
  };
}

/**
 * Shows a picture of the list; `reached` is whether the person has asked for it. Bytes may arrive in another order than
 * they were asked for in: the picture that was opened last is the one that stays.
 */
async function open(picture, reached = true) {
  latest = picture;
  try {
    const url = await gallery.url(picture);
    if (latest !== picture) {
      return;
    }
    if (url) {
      viewer.show(store.find(picture), url); // the job's end may have added its warnings meanwhile
      gallery.mark(picture);
    } else if (reached) {
      viewer.clear("This picture is no longer on the server.");
      viewer.alarm("Its settings are still here; with them the same model draws it again.",
        { label: "Draw it again", run: () => again(picture) });
    }
    if (reached) {
      element("stage").scrollIntoView({ block: "nearest" });
    }
  } catch (error) {
    complain(error);
  }
}

function again(picture) {
  gallery.forget(picture);
  composer.fill(settingsOf(picture));
  if (!live.on) {
    main();
  }
}

function settingsOf(picture) {
  return { prompt: picture.prompt, seed: picture.seed, steps: picture.steps, model: picture.model, count: 1 };
}

// The server: there or not, and what it has

async function loadModels() {
  composer.offerModels((await api.models()).data);
  live.update();
}

async function refresh() {
  try {
    await loadModels();
    fleet.show();
    viewer.alarm("");
    gallery.retry();
  } catch (error) {
    complain(error);
  }
}

/** Tells the person what went wrong, once for each kind. */
function complain(error) {
  if (error instanceof ServerGone) {
    lost();
  } else if (error instanceof Refusal && error.status === 401) {
    viewer.alarm("Without a key this server draws nothing.", { label: "Enter the key", run: () => element("key").click() });
  } else if (error instanceof Refusal) {
    viewer.alarm(sentence(error.message), error.temporary ? { label: "Try again", run: refresh } : undefined);
  } else {
    viewer.alarm("Something went wrong on this page. Loading it again may help.");
    console.error(error);
  }
}

/** Shows that the server is away until it is back; nothing when it answers after all. */
async function lost() {
  if (away) {
    return;
  }
  away = true;
  while (!(await api.isThere())) {
    element("gone").hidden = false;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, AWAY_MS);
      element("try-now").onclick = () => resolve(clearTimeout(timer));
    });
  }
  away = false;
  element("gone").hidden = true;
  refresh();
}

/** "prompt must not be empty" → "Prompt must not be empty." */
function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

// The rest of the buttons

const THEMES = ["auto", "light", "dark"];
function showTheme() {
  element("theme").textContent = `Colours: ${store.theme()}`;
  document.documentElement.dataset.theme = store.theme();
}

element("cancel").addEventListener("click", cancel);
element("reuse").addEventListener("click", () => {
  composer.fill(settingsOf(viewer.shown));
  element("prompt").focus();
});
element("remove").addEventListener("click", () => {
  gallery.forget(viewer.shown);
  viewer.clear();
});
element("theme").addEventListener("click", () => {
  store.setTheme(THEMES[(THEMES.indexOf(store.theme()) + 1) % THEMES.length]);
  showTheme();
});

showTheme();
await refresh();
const pending = store.pending();
if (pending) {
  follow(new Drawing(api, pending.settings, listener(pending.settings)), (each) => each.resume(pending.id));
} else if (store.pictures().length > 0) {
  open(store.pictures()[0], false);
}
