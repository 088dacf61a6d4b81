import { codeOf, type Files, removeFile } from '@weir/segment-log/files';
import { writeOnce } from '@weir/segment-log/write-all';

/** Ends the start of a server whose disk does not keep the promises the spool rests on. */
export class UnfitFileSystem extends Error {
  override readonly name = 'UnfitFileSystem';

  constructor(directory: string, lack: string, cause?: unknown) {
    super(
      `${directory}: the file system here ${lack}; put the spool on a local disk (WEIR_DATA_DIR)`,
      { cause },
    );
  }
}

/** Tries in `directory` what the spool rests on; throws `UnfitFileSystem` where it is not so. */
export async function probeFileSystem(files: Files, directory: string): Promise<void> {
  const [first, second] = [`${directory}/probe-1`, `${directory}/probe-2`];
  const text = 'weir';
  const attempt = async <T>(lack: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw new UnfitFileSystem(directory, lack, error);
    }
  };
  try {
    await attempt('cannot write and sync a file', async () =>
      writeOnce(await files.create(first), Buffer.from(text)),
    );
    await attempt('cannot link a file', () => files.link(first, second));
    if (!(await isTaken(files, first, second))) {
      throw new UnfitFileSystem(directory, 'links over a file that is there');
    }
    await attempt('cannot remove a file', () => files.unlink(first));
    await attempt('cannot rename a file', () => files.rename(second, first));
    await attempt('cannot sync a directory', () => files.syncDirectory(directory));
    const read = await attempt('cannot read a file back', () => files.read(first));
    if (Buffer.from(read).toString() !== text) {
      throw new UnfitFileSystem(directory, 'does not give back what was written');
    }
  } finally {
    await Promise.allSettled([first, second].map((path) => removeFile(files, path)));
  }
}

async function isTaken(files: Files, from: string, to: string): Promise<boolean> {
  try {
    await files.link(from, to);
    return false;
  } catch (error) {
    return codeOf(error) === 'EEXIST';
  }
}
