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
