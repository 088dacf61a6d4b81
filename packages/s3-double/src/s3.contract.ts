import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, describe } from 'vitest';
import type { Corner } from './corner.model.ts';
import { clientOf, makeClient, type Server } from './double-client.model.ts';
import { checksumContract } from './s3-checksums.contract.ts';
import { listContract } from './s3-list.contract.ts';
import { objectContract } from './s3-objects.contract.ts';
import { refusalContract } from './s3-refusals.contract.ts';
import { writeContract } from './s3-writes.contract.ts';

/** A server that is to behave as S3 does. */
export interface S3UnderTest extends Server {
  readonly bucket: string;
}

/**
 * What the double and real servers do alike, as the SDK's own client sees it. What a real server of
 * the tests does in another way than S3 is not in it: that the double's own tests have.
 */
export function s3Contract(server: () => S3UnderTest): void {
  describe('what S3 does', () => {
    const all = `weir-test-${randomUUID()}/`;
    const open = (): Corner => {
      const { bucket } = server();
      return {
        client: clientOf(server()),
        server: server(),
        bucket,
        prefix: `${all}${randomUUID()}/`,
      };
    };
    afterAll(() => empty(server(), all));
    objectContract(open);
    writeContract(open);
    checksumContract(open);
    refusalContract(open);
    listContract(open);
  });
}

/** Leaves nothing behind on a server that is not there for these tests alone. */
async function empty(server: S3UnderTest, prefix: string): Promise<void> {
  const client = makeClient(server);
  const { bucket } = server;
  for (;;) {
    const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix });
    const { Contents = [] } = await client.send(list);
    const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
    if (keys.length === 0) break;
    await Promise.all(
      keys.map((Key) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))),
    );
  }
  client.destroy();
}
