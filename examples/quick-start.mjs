// Sends one event. 202 means: it is on disk, and will be in an object exactly once.
//
//   WEIR_API_KEY=$(cat data/dev-key) node examples/quick-start.mjs

const url = process.env.WEIR_URL ?? 'http://127.0.0.1:8080';

const response = await fetch(`${url}/v1/events`, {
  method: 'POST',
  headers: {
    authorization: `Bearer ${process.env.WEIR_API_KEY}`,
    'content-type': 'application/json',
  },
  body: JSON.stringify({ type: 'hello.world', data: { from: 'quick-start' } }),
});

// Every refusal is a problem document that says what was wrong and where.
const reply = await response.json();
if (!response.ok) throw new Error(`${reply.code}: ${reply.detail}`);

console.log(`${response.status}: ${reply.accepted} event, receipt ${reply.receipt}`);
