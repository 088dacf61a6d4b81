/**
 * The value of a metric: of one sample where `name` says its labels, as in `a_total{code="x"}`, 0
 * where there is none yet; otherwise the sum over all labels, which must be there.
 */
export async function readMetric(adminUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  let sum: number | undefined = name.includes('{') ? 0 : undefined;
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(\{[^}]*\})? (\S+)/.exec(line);
    if (found === null) continue;
    const [, metric, labels = '', value] = found;
    if (name === metric || name === metric + labels) sum = (sum ?? 0) + Number(value);
  }
  if (sum === undefined) throw new Error(`no metric ${name}`);
  return sum;
}
