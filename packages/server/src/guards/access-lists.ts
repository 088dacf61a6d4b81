import { BlockList, isIP } from 'node:net';

/** Names on one of the operator's lists. */
export interface ListedNames {
  /** `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`; IPv6 counts by /64, so one address is its /64. */
  readonly addresses: readonly string[];
  readonly tenants: readonly string[];
  /** Ids of keys. */
  readonly keys: readonly string[];
}

/** What an operator allows and denies whatever else holds; who is on both is denied. */
export interface ListsFile {
  readonly allow: ListedNames;
  readonly deny: ListedNames;
}

export const noNames: ListedNames = { addresses: [], tenants: [], keys: [] };

export const noLists: ListsFile = { allow: noNames, deny: noNames };

/** The operator's lists, ready to be asked. Never changes: a changed file makes another. */
export class AccessLists {
  readonly #allow: NameList;
  readonly #deny: NameList;

  constructor({ allow, deny }: ListsFile) {
    this.#allow = new NameList(allow);
    this.#deny = new NameList(deny);
  }

  /** Whether any address is listed: otherwise none need be looked at. */
  get namesAddresses(): boolean {
    return this.#allow.namesAddresses || this.#deny.namesAddresses;
  }

  allowsAddress(address: string): boolean {
    return this.#allow.hasAddress(address);
  }

  deniesAddress(address: string): boolean {
    return this.#deny.hasAddress(address);
  }

  allowsCaller(tenant: string, keyId: string): boolean {
    return this.#allow.hasCaller(tenant, keyId);
  }

  deniesCaller(tenant: string, keyId: string): boolean {
    return this.#deny.hasCaller(tenant, keyId);
  }
}

class NameList {
  readonly #addresses = new BlockList();
  readonly #tenants: ReadonlySet<string>;
  readonly #keys: ReadonlySet<string>;
  readonly namesAddresses: boolean;

  constructor({ addresses, tenants, keys }: ListedNames) {
    for (const text of addresses) addTo(this.#addresses, text);
    this.namesAddresses = addresses.length > 0;
    this.#tenants = new Set(tenants);
    this.#keys = new Set(keys);
  }

  hasAddress(address: string): boolean {
    if (!this.namesAddresses) return false;
    return this.#addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  hasCaller(tenant: string, keyId: string): boolean {
    return this.#tenants.has(tenant) || this.#keys.has(keyId);
  }
}

/** Whether the text is an address, or a network as `ADDRESS/BITS`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined || address.includes('%')) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

function addTo(list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/');
  if (isIP(address) === 6) list.addSubnet(address, Math.min(64, Number(bits ?? 64)), 'ipv6');
  else list.addSubnet(address, Number(bits ?? 32), 'ipv4');
}
