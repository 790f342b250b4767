// Before and after: the picture that one was drawn from lies over it, as far as the slider says.
const REMEMBERED = 12; // in this page's memory alone
const element = (id) => document.getElementById(id);

const keyOf = (picture) => `${picture.job}/${picture.index}`;

/** A request fetches no data URL under this page's policy. */
function bitmapOf(dataUrl) {
  const bytes = Uint8Array.from(atob(dataUrl.slice(dataUrl.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes]));
}

export class Compare {
  #sources = new Map(); // of a picture, its source's data URL
  #shown = "";

  constructor() {
    element("compare").addEventListener("input", () => this.#part());
  }

  /** @param image data URL that the picture was drawn from; empty for one from words */
  remember(picture, image) {
    if (!image) {
      return;
    }
    this.#sources.set(keyOf(picture), image);
    if (this.#sources.size > REMEMBERED) {
      this.#sources.delete(this.#sources.keys().next().value);
    }
  }

  /** Offers the slider for a picture whose source is known, and hides it for others; null for none. */
  async show(picture) {
    const key = picture ? keyOf(picture) : "";
    this.#shown = key;
    const source = this.#sources.get(key);
    this.#offer(false);
    if (!source) {
      return;
    }
    const bitmap = await bitmapOf(source);
    if (this.#shown === key) {
      this.#paint(bitmap, picture);
      this.#part();
      this.#offer(true);
    }
    bitmap.close();
  }

  /** Its middle in the picture's shape, which is what the server drew from. */
  #paint(bitmap, { width, height }) {
    const canvas = element("before");
    canvas.width = width;
    canvas.height = height;
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    const wide = bitmap.width * scale;
    const high = bitmap.height * scale;
    canvas.getContext("2d").drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high);
  }

  #offer(is) {
    element("before").hidden = !is;
    element("compare-line").hidden = !is;
    element("frame").classList.toggle("compared", is);
  }

  #part() {
    const slider = element("compare");
    element("frame").style.setProperty("--before", `${slider.value}%`);
    element("frame").style.setProperty("--part", `${slider.value / 100}`);
    slider.setAttribute("aria-valuetext", `${slider.value} % before, ${100 - slider.value} % after`);
  }
}
