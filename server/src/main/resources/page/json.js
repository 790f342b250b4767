// JSON with seeds of 63 bits, of which JavaScript's numbers hold only 53.

// A quote within a text is escaped, so this finds fields alone
const LARGE_SEED = /"seed":\s*(\d{16,})/g;

/** Like JSON.parse, but a seed of more than 15 digits comes as text, digit for digit. */
export function parse(text) {
  return JSON.parse(text.replace(LARGE_SEED, '"seed":"$1"'));
}
