import { startFakeWeir } from '@weir/client/testing';

// A server for the bench `track`, in a process of its own: says where it listens, and stays.
const server = await startFakeWeir();
process.send?.({ url: server.url, key: server.key });
process.on('disconnect', () => process.exit(0));
