/**
 * Frees the memory of a buffer that nobody will read or write any more, and that shares it with no
 * other. V8 would do so some day: the heap it looks at is small, and these lie outside of it, so two
 * or three of 32 MiB stay resident meanwhile.
 */
export function freeNow(buffer: Uint8Array<ArrayBuffer>): void {
  if (!buffer.buffer.detached) buffer.buffer.transfer(0);
}
