import type { Unit } from '@weir/core/admission';
import type { Quota } from '@weir/core/gcra';

export type Scope = 'ingest' | 'read';

/** `local`: this server's share of the quota; `open`: nothing; `closed`: nobody passes. */
export type OnTrouble = 'local' | 'open' | 'closed';

/** One quota of a caller, with the name under which its state is kept. */
export interface CallerQuota {
  readonly name: string;
  readonly unit: Unit;
  readonly scope: 'tenant' | 'key';
  readonly quota: Quota;
  /** Decides and is counted, and refuses nobody. */
  readonly shadow: boolean;
  /** What holds while the state that servers share is out of reach. */
  readonly onTrouble: OnTrouble;
  /** Tenant, scope and quota name (and key id where the scope is `key`): bounded by the file. */
  readonly stateKey: string;
}

/** Caps on one request, after the tenant's own settings were applied to the server's. */
export interface RequestLimits {
  /** Most bytes on the wire. */
  readonly bodyBytes: number;
  /** Most bytes after decompression. */
  readonly decodedBytes: number;
  readonly eventBytes: number;
  readonly events: number;
}

/** Who a key belongs to and what it may do. Made once per key and version of the tenants file. */
export interface Caller {
  readonly tenant: string;
  readonly keyId: string;
  /** How large its tenant's share of a crowded spool is, beside those of the others. */
  readonly weight: number;
  /** On the operator's list of those who are kept out, or of those who are never blocked. */
  readonly isDenied: boolean;
  readonly isAllowed: boolean;
  readonly scopes: ReadonlySet<Scope>;
  readonly quotas: readonly CallerQuota[];
  readonly limits: RequestLimits;
}
