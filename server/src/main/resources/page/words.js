// What a model knows, and prompts made of it. Pure functions, no page.

const SUBJECTS = [
  "a red house", "two blue fish", "a yellow rocket", "a snowman", "three pink flowers", "a white lighthouse",
  "an orange cat", "a black dog", "a big purple hot-air balloon", "two green pines", "a small brown boat",
  "a red mushroom", "a yellow star", "a blue tent", "three white birds", "a green car",
  "a pizza", "two penguins", "a robot", "a guitar", "a blue dinosaur", "a castle", "a cupcake", "an owl", "a cat on top of a car",
];
const PLACES = [
  "by the sea", "in the desert", "in a meadow", "in the snow", "in the snowy mountains", "in the city", "in the forest",
];
const MOMENTS = ["at sunset", "at night", "at dawn", "in the morning", "with a rainbow", "at night with stars"];

/** For models that take any text. */
const FREE = [
  "a lighthouse by the sea at sunset, oil painting", "a red house in the snow at night", "a fox in an autumn forest",
  "a sailing boat at dawn, watercolour", "a market street in the rain", "a hot-air balloon over green hills",
];

/** The words of a text as the server counts them: runs of letters in lower case, without "'s". */
export function wordsOf(text) {
  return text.normalize("NFC").toLowerCase().replace(/'s\b/g, "").match(/\p{L}+/gu) ?? [];
}

/** Words of `text` that are not among `known`, each once; none when `known` is empty, as any text will do then. */
export function unknownIn(text, known) {
  if (known.length === 0) {
    return [];
  }
  const set = new Set(known.flatMap(wordsOf));
  return [...new Set(wordsOf(text))].filter((word) => !set.has(word));
}

/** What is being typed at the end of `text`: its last word, or its last two if things begin with both. */
function typedEnd(text, names) {
  const [, two] = /(?:^|[\s,])([\p{L}-]+ [\p{L}-]+)$/u.exec(text) ?? [];
  if (two && names.some((name) => name.startsWith(two.toLowerCase()))) {
    return two;
  }
  return /[\p{L}-]{2,}$/u.exec(text)?.[0] ?? "";
}

/**
 * Up to `count` of the things in `groups` of which a word begins like the end of `text`, those that begin with it first;
 * each with the text that it would make. None once a thing's name is complete.
 */
export function completions(text, groups, count) {
  const names = [...new Set(Object.values(groups).flat())];
  const typed = typedEnd(text, names);
  const start = typed.toLowerCase();
  if (start === "" || names.includes(start)) {
    return [];
  }
  const begins = (name) => (name.startsWith(start) ? 0 : 1);
  return names
    .filter((name) => name.startsWith(start) || name.includes(` ${start}`))
    .sort((a, b) => begins(a) - begins(b) || a.length - b.length)
    .slice(0, count)
    .map((name) => ({ name, text: text.slice(0, text.length - typed.length) + name }));
}

/** `text` with one more thing named behind it. */
export function withThing(text, name) {
  const before = text.trim();
  return before === "" ? `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}` : `${before} ${name}`;
}

/** Up to `count` prompts in which the model knows every word; its bare words when no sentence fits. */
export function examples(known, count, random = Math.random) {
  if (known.length === 0) {
    return shuffled(FREE, random).slice(0, count);
  }
  const fits = (phrase) => unknownIn(phrase, known).length === 0;
  const subjects = shuffled(SUBJECTS.filter(fits), random);
  const places = shuffled(PLACES.filter(fits), random);
  const moments = shuffled(MOMENTS.filter(fits), random);
  if (subjects.length === 0) {
    return shuffled(known, random).slice(0, count);
  }
  return subjects.slice(0, count).map((subject, i) =>
    [subject, places[i % places.length], moments[i % moments.length]].filter(Boolean).join(" "));
}

function shuffled(items, random) {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
