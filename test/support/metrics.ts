/** The value of a metric without labels, or the sum over all its labels. */
export async function readMetric(adminUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  let sum: number | undefined;
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)/.exec(line);
    if (found?.[1] === name) sum = (sum ?? 0) + Number(found[2]);
  }
  if (sum === undefined) throw new Error(`no metric ${name}`);
  return sum;
}
