// The picture that is drawn anew: chosen, photographed, dropped or pasted, and painted over where it is to change.
const LONGEST = 1024; // pixels; the model sees fewer, and a phone's photograph would be megabytes
const BRUSH = 1 / 12; // of the picture's shorter side
const STRENGTH = 0.8; // what the server takes where none is named; 1 for a painted part in one step, as there
const element = (id) => document.getElementById(id);

export class Source {
  #picture = element("source-picture");
  #mask = element("source-mask");
  #there = false;
  #painted = false;
  #last = null;
  #image = "";
  #onChange;
  #steps;
  #chosen = false; // whether a person moved the slider

  /**
   * @param change called when what is sent has changed
   * @param steps gives those of the next picture
   */
  constructor({ change, steps }) {
    this.#onChange = change;
    this.#steps = steps;
    const form = element("composer");
    for (const input of ["source-file", "source-photo"]) {
      element(input).addEventListener("change", (event) => this.#take(event.target.files));
    }
    form.addEventListener("dragover", (event) => {
      if (event.dataTransfer.types.includes("Files")) {
        event.preventDefault();
      }
    });
    form.addEventListener("drop", (event) => {
      if (event.dataTransfer.files.length > 0) {
        event.preventDefault();
        this.#take(event.dataTransfer.files);
      }
    });
    document.addEventListener("paste", (event) => this.#take(event.clipboardData.files));
    element("source-clear").addEventListener("click", () => this.#clear());
    element("source-remove").addEventListener("click", () => this.#remove());
    element("strength").addEventListener("input", () => {
      this.#chosen = true;
      this.#describe();
    });
    this.#mask.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#mask.addEventListener("pointermove", (event) => this.#paint(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.#mask.addEventListener(end, () => this.#end());
    }
  }

  /** What a request says of the picture: nothing where there is none. */
  get settings() {
    if (!this.#there) {
      return {};
    }
    const settings = { image: this.#image, strength: element("strength").valueAsNumber };
    return this.#painted ? { ...settings, mask: this.#whiteOnBlack() } : settings;
  }

  async #take(files) {
    const file = [...files].find((each) => each.type.startsWith("image/"));
    if (!file) {
      return;
    }
    try {
      this.#show(await createImageBitmap(file));
    } catch {
      element("source-summary").textContent = "that file is no picture that this browser can read";
    }
  }

  #show(bitmap) {
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    for (const canvas of [this.#picture, this.#mask]) {
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    }
    const context = this.#picture.getContext("2d");
    context.fillStyle = "#ffffff"; // what is transparent is drawn over white, as the server does
    context.fillRect(0, 0, this.#picture.width, this.#picture.height);
    context.drawImage(bitmap, 0, 0, this.#picture.width, this.#picture.height);
    bitmap.close();
    this.#image = this.#picture.toDataURL("image/jpeg", 0.95);
    this.#there = true;
    this.#painted = false;
    element("source").open = true;
    element("source-parts").hidden = false;
    this.#changed();
  }

  #remove() {
    this.#there = false;
    this.#painted = false;
    this.#image = "";
    element("source-file").value = "";
    element("source-photo").value = "";
    element("source-parts").hidden = true;
    element("source-file").focus();
    this.#changed();
  }

  #clear() {
    this.#mask.getContext("2d").clearRect(0, 0, this.#mask.width, this.#mask.height);
    this.#painted = false;
    this.#changed();
  }

  #begin(event) {
    this.#mask.setPointerCapture(event.pointerId);
    this.#last = this.#place(event);
    this.#paint(event);
  }

  #paint(event) {
    if (!this.#last) {
      return;
    }
    const place = this.#place(event);
    const context = this.#mask.getContext("2d");
    context.lineCap = "round";
    context.lineWidth = Math.max(2, Math.min(this.#mask.width, this.#mask.height) * BRUSH);
    context.strokeStyle = "#d8452e";
    context.beginPath();
    context.moveTo(this.#last.x, this.#last.y);
    context.lineTo(place.x, place.y);
    context.stroke();
    this.#last = place;
    this.#painted = true;
  }

  #end() {
    if (this.#last) {
      this.#last = null;
      this.#changed();
    }
  }

  /** In the picture's pixels. */
  #place(event) {
    const box = this.#mask.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.#mask.width) / box.width,
      y: ((event.clientY - box.top) * this.#mask.height) / box.height,
    };
  }

  #whiteOnBlack() {
    const canvas = document.createElement("canvas");
    canvas.width = this.#mask.width;
    canvas.height = this.#mask.height;
    const context = canvas.getContext("2d");
    context.drawImage(this.#mask, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#000000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png");
  }

  #changed() {
    this.#describe();
    this.#onChange();
  }

  #describe() {
    if (!this.#chosen) {
      element("strength").value = this.#painted && this.#steps() === 1 ? 1 : STRENGTH;
    }
    const percent = `${Math.round(element("strength").valueAsNumber * 100)} %`;
    element("strength-value").textContent = percent;
    const part = this.#painted ? "the painted part" : "all of it";
    element("source-summary").textContent = this.#there ? `${part}, ${percent} anew` : "";
  }
}
