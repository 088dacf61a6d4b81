/** A number that was measured, and where the measurement stands. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly says: string;
  readonly file: string;
  /** Found in `file` as it stands here; a test looks. */
  readonly row: string;
}

const history = 'bench/history-ingest.md';

export type FigureName = 'takeAndDeliverUs' | 'takeUs' | 'batchUs' | 'refuseUs' | 'putsADay';

/** Every measured figure that a plan rests on. All are of the machine of the bench, one core. */
export const figures: Readonly<Record<FigureName, Figure>> = {
  takeAndDeliverUs: {
    value: 61,
    unit: 'µs',
    says: 'CPU to take one event of 1 KB durably, and to deliver it',
    file: history,
    row: '| weir, taking and delivering | 15681 | 15681 | 0.56 | 61.0 |',
  },
  takeUs: {
    value: 45.1,
    unit: 'µs',
    says: 'CPU to take one event of 1 KB durably; delivery waits',
    file: history,
    row: '| weir, taking durably | 20813 | 20813 | 1.01 | 45.1 |',
  },
  batchUs: {
    value: 384.9,
    unit: 'µs',
    says: 'CPU to take and deliver a request of 100 events of 256 B',
    file: history,
    row: '| batches of 100 × 256 B, and delivering | 2606 | 260627 | 0.09 | 384.9 |',
  },
  refuseUs: {
    value: 36.2,
    unit: 'µs',
    says: 'CPU to refuse a request whose quota is known to be spent',
    file: history,
    row: '| weir, refusing from memory | 27697 | 27697 | 0.92 | 36.2 |',
  },
  putsADay: {
    value: 90_581,
    unit: 'PUTs a day',
    says: 'at a million requests of 1 KB a minute, one tenant',
    file: history,
    row: '| 1 | 22 | 90581 | 0.45 |',
  },
};
