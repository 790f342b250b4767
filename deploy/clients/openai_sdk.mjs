// OpenAI's Node SDK against a running server: `node openai_sdk.mjs URL [KEY]`.
// Needs `npm install openai@6.49.0`. Prints one line per check, and ends with 1 at the first that fails.

import OpenAI from "openai";
import { VERSION } from "openai/version";

const [url, key = "none"] = process.argv.slice(2);
if (!url) {
  console.error("usage: node openai_sdk.mjs URL [KEY]");
  process.exit(2);
}

function check(name, holds) {
  if (!holds) {
    console.error(`FAILED ${name}`);
    process.exit(1);
  }
  console.log(`ok ${name}`);
}

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

const client = new OpenAI({ baseURL: `${url.replace(/\/$/, "")}/v1`, apiKey: key, maxRetries: 0 });
console.log("openai", VERSION);

const models = (await client.models.list()).data;
check("models.list", models.length > 0 && models[0].object === "model");
check("models.retrieve", (await client.models.retrieve(models[0].id)).id === models[0].id);
const unknown = await refusal(() => client.models.retrieve("dall-e-3"));
check("models.retrieve of an unknown model", unknown instanceof OpenAI.NotFoundError && unknown.code === "model_not_found");

const reply = await client.images.generate({
  model: "gpt-image-1",
  prompt: "a red house",
  n: 2,
  size: "1024x1024",
  seed: 7,
  steps: 2,
});
const file = Buffer.from(reply.data[1].b64_json, "base64");
check("images.generate, two pictures", reply.data.length === 2 && file.subarray(1, 4).toString() === "PNG");
check("images.generate, seeds", reply.data[0].seed === 7 && reply.data[1].seed === 8);
check("images.generate, usage", reply.usage.total_tokens === 0);
check("images.generate, size", file.readUInt32BE(16) === 1024);

const kinds = [];
const stream = await client.images.generate({
  prompt: "a red house",
  stream: true,
  partial_images: 2,
  steps: 4,
});
for await (const event of stream) {
  kinds.push(`${event.type} ${event.partial_image_index ?? ""}`.trim());
}
check(
  "images.generate, stream",
  kinds.join() ===
    "image_generation.partial_image 0,image_generation.partial_image 1,image_generation.completed",
);

const wrong = await refusal(() => client.images.generate({ prompt: "a red house", n: 11 }));
check("a wrong value", wrong instanceof OpenAI.BadRequestError && wrong.param === "n");
const picture = () => new File([file], "a.png", { type: "image/png" });
const edit = await client.images.edit({ image: picture(), prompt: "a blue house", n: 2, seed: 7, strength: 0.5 });
check("images.edit", edit.data[0].seed === 7 && edit.data[1].seed === 8);
const many = await client.images.edit({ image: [picture(), picture()], prompt: "a blue house" });
check("images.edit, many pictures", many.data.length === 1);
const edits = [];
for await (const event of await client.images.edit({
  image: picture(),
  prompt: "a blue house",
  stream: true,
  partial_images: 1,
  steps: 4,
})) {
  edits.push(event.type);
}
check("images.edit, stream", edits.join() === "image_edit.partial_image,image_edit.completed");
const variation = await client.images.createVariation({ image: picture(), n: 2, size: "256x256" });
check("images.createVariation", variation.data.length === 2);
const none = await refusal(() =>
  client.images.edit({ image: new File(["none"], "a.png", { type: "image/png" }), prompt: "a hat" }),
);
check("a picture that is none", none instanceof OpenAI.BadRequestError && none.param === "image");
