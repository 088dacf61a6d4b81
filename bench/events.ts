/** One event of exactly `bytes` bytes of compact JSON, as a shop would send it. */
export function eventOf(bytes: number, n = 0): string {
  const event = {
    type: 'order.paid',
    subject: `order/${1000 + n}`,
    data: {
      orderId: `o-${n}`,
      cents: 1900,
      currency: 'EUR',
      customer: { id: 'c-99', tags: ['vip', 'eu'] },
      items: [] as { sku: string; qty: number; price: number; title: string }[],
      note: '',
    },
  };
  const length = () => JSON.stringify(event).length;
  for (let i = 0; length() < bytes - 100; i += 1) {
    event.data.items.push({
      sku: `sku-${i}`,
      qty: 1 + (i % 3),
      price: 99 + i,
      title: `Thing ${i}`,
    });
  }
  event.data.note = 'n'.repeat(Math.max(0, bytes - length()));
  return JSON.stringify(event);
}

/** An array of `count` events of `bytes` bytes each. */
export function batchOf(count: number, bytes: number): string {
  return `[${Array.from({ length: count }, (_, n) => eventOf(bytes, n)).join(',')}]`;
}

/** `count` events of about 1 KB, no two alike: they compress to about a tenth, as real ones do. */
export function shopEvents(count: number): string[] {
  const agent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0';
  return Array.from({ length: count }, (_, n) => {
    const items = Array.from({ length: 8 }, (__, i) => ({
      sku: `SKU-${(n * 7_919 + i * 104_729) % 1_000_003}`,
      name: `Product number ${(n * 31 + i) % 997}`,
      price: ((n * 17 + i * 29) % 9_973) / 7,
      quantity: i,
    }));
    const data = { user: `u-${n * 2_654_435_761}`, items, agent };
    return JSON.stringify({ type: 'order.paid', subject: `order/${n}`, data });
  });
}
