import { boundsContract } from './spool-bounds.contract.ts';
import { contentContract } from './spool-content.contract.ts';
import type { MakeSpool } from './spool-examples.ts';
import { sealContract } from './spool-seal.contract.ts';

/** What every spool must do. Each adapter's test calls this and adds only its own cases. */
export function spoolContract(make: MakeSpool): void {
  contentContract(make);
  sealContract(make);
  boundsContract(make);
}
