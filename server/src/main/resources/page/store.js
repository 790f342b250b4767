// What this device remembers, in localStorage. Where that is refused, the page works and forgets.

const PREFIX = "mobilediffusion.";
const MAX_PICTURES = 200;

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(name, value) {
  try {
    if (value === null) {
      localStorage.removeItem(PREFIX + name);
    } else {
      localStorage.setItem(PREFIX + name, JSON.stringify(value));
    }
  } catch {
    // full, or forbidden in a private window
  }
}

const same = (a) => (b) => a.job === b.job && a.index === b.index;

export const store = {
  key: () => read("key", ""),
  setKey: (key) => write("key", key || null),

  theme: () => read("theme", "auto"),
  setTheme: (theme) => write("theme", theme),

  /** The job that is being drawn, so that a reloaded page goes on watching: `{id, settings}`. */
  pending: () => read("pending", null),
  setPending: (pending) => write("pending", pending),

  /** The server's measured pace with a model, see live.js. */
  pace: (model) => read("pace", {})[model] ?? null,
  setPace: (model, pace) => write("pace", { ...read("pace", {}), [model]: pace }),

  /** Pictures, newest first: `{job, index, prompt, seed, steps, model, width, height, format, at, warnings}`. */
  pictures: () => read("pictures", []),
  /** What is known of a picture now, which may be more than what `picture` says. */
  find: (picture) => read("pictures", []).find(same(picture)) ?? picture,
  /** Puts a picture in front, or in place of what is known of it. Read anew, since another tab may have written. */
  keep(picture) {
    const pictures = read("pictures", []);
    const at = pictures.findIndex(same(picture));
    if (at >= 0) {
      pictures[at] = { ...pictures[at], ...picture };
    } else {
      pictures.unshift(picture);
    }
    write("pictures", pictures.slice(0, MAX_PICTURES));
  },
  forget(picture) {
    write("pictures", read("pictures", []).filter((each) => !same(picture)(each)));
  },
  /** Calls back when another tab has changed the list. */
  onChange(callback) {
    addEventListener("storage", (event) => event.key === `${PREFIX}pictures` && callback());
  },
};
