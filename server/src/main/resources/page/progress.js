// From a job's events to what a person reads. Pure functions, no page.

/** The steps that the page shows, in order. */
export const PHASES = ["waiting", "reading", "drawing", "developing"];

const PHASE_OF_STAGE = {
  queue: "waiting", tokenize: "reading", text_encoder: "reading", unet: "drawing", vae_decoder: "developing",
  encode: "developing",
};
const SENTENCE = {
  waiting: "Waiting", reading: "Reading the prompt", drawing: "Drawing", developing: "Developing the picture",
};
// Of one picture's time, about: where a phase begins
const BEGIN = { waiting: 0, reading: 0, drawing: 0.04, developing: 0.88 };

/** Where a job of `pictures` pictures stands before its first event. */
export function begin(pictures) {
  return { pictures, done: 0, phase: "waiting", position: 0, eta: 0, step: 0, steps: 0 };
}

/** The state after an event of the job. */
export function after(state, event) {
  switch (event.name) {
    case "queued":
    case "started":
      return { ...state, position: event.data.queue_position, eta: event.data.eta_seconds };
    case "stage":
      return {
        ...state, phase: PHASE_OF_STAGE[event.data.stage] ?? state.phase, position: 0, eta: event.data.eta_seconds,
        step: 0, steps: 0,
      };
    case "step":
      return {
        ...state, phase: "drawing", eta: event.data.eta_seconds, step: event.data.step, steps: event.data.steps,
      };
    case "image": {
      const done = state.done + 1;
      return { ...state, done, phase: done < state.pictures ? "reading" : "developing", step: 0, steps: 0 };
    }
    default:
      return state;
  }
}

/** How much is done, in [0, 1]. */
export function fraction(state) {
  const within = BEGIN[state.phase] +
    (state.steps > 0 ? (state.step / state.steps) * (BEGIN.developing - BEGIN.drawing) : 0);
  return Math.min(1, (state.done + (state.done < state.pictures ? within : 0)) / state.pictures);
}

/** What is going on; changes a few times per picture, so that it can be read aloud. */
export function headline(state) {
  if (state.phase === "waiting" && state.position > 0) {
    return state.position === 1 ? "Next in the queue" : `Place ${state.position} in the queue`;
  }
  const which = state.pictures > 1 ? `, picture ${Math.min(state.done + 1, state.pictures)} of ${state.pictures}` : "";
  return SENTENCE[state.phase] + which;
}

/** The rest, which changes too often to be read aloud. `secondsLeft` as counted down since the last event. */
export function detail(state, secondsLeft) {
  const step = state.phase === "drawing" && state.steps > 0 ? [`step ${state.step} of ${state.steps}`] : [];
  const left = secondsLeft >= 1 ? [`about ${duration(secondsLeft)} left`] : [];
  return [...step, ...left].join(" · ");
}

/** "8 s", "3 min", "2 h". */
export function duration(seconds) {
  if (seconds < 90) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
