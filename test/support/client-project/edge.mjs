// Run by Bun in the empty project: the client by `fetch` alone.
import { IngestClient } from '@weir/client/fetch';

const client = new IngestClient({ attributes: { source: '/bun' } });
client.track('edge.tracked', { text: 'é'.repeat(2_000) });
const receipt = await client.send('edge.sent', { n: 1 });
await client.close();
console.log(JSON.stringify({ receipt: receipt.id, acked: client.stats().acked }));
