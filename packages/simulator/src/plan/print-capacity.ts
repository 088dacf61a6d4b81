import { writeFile } from 'node:fs/promises';
import { capacityPage } from './capacity.ts';

const [, , path] = process.argv;
if (path === undefined) process.stdout.write(capacityPage());
else await writeFile(path, capacityPage());
