/** A strict double of S3, for tests. */
export const name: string = 's3-double';
