import { readFile, writeFile } from 'node:fs/promises';

const mebibyte = 1024 * 1024;

/** What a process holds of memory now, in MiB. */
export async function residentMiB(pid: number): Promise<number> {
  return await readStatus(pid, 'VmRSS');
}

/** By how many MiB `pid` grew at its highest while `work` ran, over what it held before. */
export async function peakGrowthMiB(pid: number, work: () => Promise<unknown>): Promise<number> {
  await writeFile(`/proc/${pid}/clear_refs`, '5'); // sets the kernel's high-water mark back
  const before = await residentMiB(pid);
  await work();
  return (await readStatus(pid, 'VmHWM')) - before;
}

async function readStatus(pid: number, field: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return (Number(kilobytes) * 1024) / mebibyte;
}
