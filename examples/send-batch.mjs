// Sends many events in one request. A bad one is reported, the others are taken.
//
//   WEIR_API_KEY=$(cat data/dev-key) node examples/send-batch.mjs

const url = process.env.WEIR_URL ?? 'http://127.0.0.1:8080';

const events = [
  { type: 'page.viewed', subject: '/pricing', data: { ms: 41 } },
  { type: 'page.viewed', subject: '/docs', data: { ms: 17 } },
  { subject: '/oops', data: { why: 'it has no type' } },
  { type: 'page.viewed', subject: '/login', data: { ms: 23 } },
];

const response = await fetch(`${url}/v1/events`, {
  method: 'POST',
  headers: {
    authorization: `Bearer ${process.env.WEIR_API_KEY}`,
    'content-type': 'application/x-ndjson', // one a line: a broken line harms no other
    'weir-events': `${events.length}`, // so that a refusal before the body is exact
  },
  body: events.map((event) => JSON.stringify(event)).join('\n'),
});

const reply = await response.json();
// With 400 every event was bad; the list of them is in the same place.
if (!response.ok && reply.rejected === undefined) throw new Error(`${reply.code}: ${reply.detail}`);

const rejected = new Map(reply.rejected.map((one) => [one.index, one]));
for (const [index, { subject }] of events.entries()) {
  const why = rejected.get(index);
  console.log(why === undefined ? `${subject}: taken` : `${subject}: ${why.code}, ${why.detail}`);
}
