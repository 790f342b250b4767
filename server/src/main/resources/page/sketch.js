// A sheet to draw on with a finger; the picture follows its lines, where the model has a control network.
const SIDE = 512; // pixels
const PEN = 6;
const element = (id) => document.getElementById(id);

export class Sketch {
  #canvas = element("sketch-canvas");
  #strokes = []; // each a list of points
  #pen = null; // the pointer that draws
  #onChange;

  /** @param onChange called when what is sent has changed, many times within a stroke */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#canvas.width = SIDE;
    this.#canvas.height = SIDE;
    this.#canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#draw(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.#canvas.addEventListener(end, () => {
        this.#pen = null;
      });
    }
    element("sketch-undo").addEventListener("click", () => this.#keep(this.#strokes.slice(0, -1)));
    element("sketch-clear").addEventListener("click", () => this.#keep([]));
    element("sketch-invert").addEventListener("change", onChange);
    this.#paint();
  }

  /** Shown for models that follow lines alone. */
  offer(model) {
    element("sketch").hidden = !model?.controls?.length;
  }

  /** What a request says of the lines: nothing where there are none. */
  get settings() {
    if (element("sketch").hidden || this.#strokes.length === 0) {
      return {};
    }
    const settings = {
      control_image: this.#canvas.toDataURL("image/png"),
      control_scale: element("sketch-scale").valueAsNumber,
    };
    return element("sketch-invert").checked ? { ...settings, control_preprocessor: "invert" } : settings;
  }

  #begin(event) {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pen = event.pointerId;
    this.#keep([...this.#strokes, [this.#place(event)]]);
  }

  #draw(event) {
    if (event.pointerId === this.#pen) {
      this.#strokes.at(-1).push(this.#place(event));
      this.#keep(this.#strokes);
    }
  }

  #keep(strokes) {
    this.#strokes = strokes;
    this.#paint();
    this.#onChange();
  }

  #paint() {
    const context = this.#canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, SIDE, SIDE);
    context.lineCap = "round";
    context.lineJoin = "round";
    context.lineWidth = PEN;
    context.strokeStyle = "#000000";
    for (const [first, ...others] of this.#strokes) {
      context.beginPath();
      context.moveTo(first.x, first.y);
      context.lineTo(first.x, first.y); // a touch is a dot
      others.forEach(({ x, y }) => context.lineTo(x, y));
      context.stroke();
    }
    element("sketch-undo").disabled = this.#strokes.length === 0;
    element("sketch-clear").disabled = this.#strokes.length === 0;
  }

  /** In the sheet's pixels. */
  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * SIDE) / box.width, y: ((event.clientY - box.top) * SIDE) / box.height };
  }
}
