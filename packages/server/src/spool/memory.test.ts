import { VirtualWorld } from '@weir/core/world/virtual';
import { openMemorySpool } from './memory.ts';
import { spoolContract } from './spool.contract.ts';

spoolContract(async (options) => {
  const world = new VirtualWorld({ seed: 1 });
  const spool = await openMemorySpool(options, world);
  return {
    spool,
    world,
    async read({ source }) {
      if ('bytes' in source) return source.bytes;
      throw new Error('a memory spool has no files');
    },
  };
});
