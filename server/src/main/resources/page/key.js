// The API key: from the address (a QR code's #key=…) or typed, kept on this device.
import { store } from "./store.js";

const element = (id) => document.getElementById(id);

export class KeyRing {
  #asking = null;
  #declined = false;
  #onKey;

  /** @param onKey called when the person has given a key without being asked */
  constructor(onKey) {
    this.#onKey = onKey;
    this.#takeFromAddress();
    addEventListener("hashchange", () => this.#takeFromAddress() && onKey());
    element("key").addEventListener("click", async () => {
      this.#declined = false;
      if (await this.#open("The key is kept on this device and sent to this server only.")) {
        onKey();
      }
    });
    element("key-forget").addEventListener("click", () => {
      store.setKey("");
      element("key-dialog").close("forgotten");
    });
    element("key-cancel").addEventListener("click", () => element("key-dialog").close(""));
    this.#show();
  }

  current() {
    return store.key();
  }

  /** Lets `ask` open the dialog again after the person has closed it. */
  mayAsk() {
    this.#declined = false;
  }

  /** Whether there is another key now. Calls at the same time share one dialog. */
  async ask(hadKey) {
    if (this.#declined) {
      return false;
    }
    const given = await this.#open(hadKey
      ? "The server did not accept the key. It may be mistyped, revoked or expired."
      : "Its owner has it: the server shows it once, as text and as a QR code to scan.");
    this.#declined = !given;
    return given;
  }

  /** The key leaves the address bar at once, so that it is not shared or bookmarked with the page. */
  #takeFromAddress() {
    const key = new URLSearchParams(location.hash.slice(1)).get("key");
    if (!key) {
      return false;
    }
    store.setKey(key.trim());
    history.replaceState(null, "", location.pathname + location.search);
    this.#declined = false;
    this.#show();
    return true;
  }

  #open(why) {
    this.#asking ??= new Promise((resolve) => {
      const dialog = element("key-dialog");
      const input = element("key-input");
      input.value = "";
      element("key-why").textContent = why;
      element("key-forget").hidden = !store.key();
      dialog.returnValue = "";
      dialog.addEventListener("close", () => {
        const key = input.value.trim();
        const given = dialog.returnValue === "given" && key !== "";
        if (given) {
          store.setKey(key);
        }
        input.value = "";
        this.#asking = null;
        this.#show();
        resolve(given);
      }, { once: true });
      dialog.showModal();
      input.focus();
    });
    return this.#asking;
  }

  /** The button is there for whoever has a key or has been asked for one. */
  #show() {
    element("key").hidden = !store.key() && element("key-why").textContent === "";
  }
}
