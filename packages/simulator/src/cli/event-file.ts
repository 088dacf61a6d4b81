import { closeSync, openSync, writeSync } from 'node:fs';

const bufferedCharacters = 1_048_576;

/** Lines into a file as they come, a mebibyte at a time: a run is synchronous, and so is this. */
export class EventFile {
  readonly #file: number;
  #buffered: string[] = [];
  #characters = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  write(line: string): void {
    this.#buffered.push(line);
    this.#characters += line.length;
    if (this.#characters >= bufferedCharacters) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#characters > 0) writeSync(this.#file, this.#buffered.join(''));
    this.#buffered = [];
    this.#characters = 0;
  }
}
