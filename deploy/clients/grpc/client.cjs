// grpc-js against a running server: client.cjs TARGET KEY CA.pem PROTO_FOLDER; key and CA may be empty. See check.sh
const assert = require('node:assert');
const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [target, key, ca, protos] = process.argv.slice(2);
const PATIENCE_MILLIS = 60_000;
const definition = loader.loadSync('mobilediffusion/v1/image_generation.proto', {
  includeDirs: [protos], keepCase: true, longs: String, enums: String, oneofs: true,
});
const { ImageGeneration } = grpc.loadPackageDefinition(definition).mobilediffusion.v1;
const credentials = ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure();
const images = new ImageGeneration(target, credentials, { 'grpc.max_receive_message_length': 32 << 20 });

function metadata(secret) {
  const mine = new grpc.Metadata();
  if (secret) mine.set('authorization', `Bearer ${secret}`);
  return mine;
}

function models(secret) {
  return new Promise((resolve, reject) => images.ListModels(
    {}, metadata(secret), { deadline: Date.now() + PATIENCE_MILLIS }, (failure, reply) => (failure ? reject(failure) : resolve(reply))));
}

/** The events, and the code that the stream ends with. */
function generate(request, secret, millis = PATIENCE_MILLIS, onFirst = () => {}) {
  return new Promise((resolve) => {
    const events = [];
    const call = images.Generate(request, metadata(secret), { deadline: Date.now() + millis });
    call.on('data', (event) => { if (events.push(event) === 1) onFirst(call); });
    call.on('error', () => {});
    call.on('status', (status) => resolve({ events, code: status.code }));
  });
}

async function main() {
  assert.deepStrictEqual((await models(key)).models.map((model) => model.name), ['pocket']);
  const drawn = await generate({ prompt: 'a red house', seed: '7' }, key);
  assert.strictEqual(drawn.code, grpc.status.OK);
  assert.ok(drawn.events.some((event) => event.step), 'no progress');
  const picture = drawn.events.find((event) => event.image).image.data;
  assert.strictEqual(picture.subarray(1, 4).toString(), 'PNG');
  const long = { prompt: 'a yellow boat', seed: '7', n: 10 };
  assert.strictEqual((await generate(long, key, PATIENCE_MILLIS, (call) => call.cancel())).code, grpc.status.CANCELLED);
  // The server sees the deadline too, and where its reset comes first, grpc-js calls that CANCELLED
  const late = (await generate(long, key, 200)).code;
  assert.ok(late === grpc.status.DEADLINE_EXCEEDED || late === grpc.status.CANCELLED, `late: ${late}`);
  await models(key);
  if (key) {
    for (const stranger of ['', 'md_wrong']) {
      await assert.rejects(models(stranger), { code: grpc.status.UNAUTHENTICATED });
      assert.strictEqual((await generate({ prompt: 'x' }, stranger)).code, grpc.status.UNAUTHENTICATED);
    }
  }
  images.close();
  console.log(`grpc-js: models, stream, cancel, deadline${key ? ', key' : ''}${ca ? ', TLS' : ''}`);
}

main().catch((failure) => { console.error(failure); process.exit(1); });
