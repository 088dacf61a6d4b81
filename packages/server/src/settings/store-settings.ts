/** The settings of a bucket: rows of the one table in config.ts. */
export const storeSettings = {
  s3Bucket: {
    env: 'S3_BUCKET',
    kind: 'text',
    expected: 'the name of a bucket',
    about: 'Objects go to this bucket; without it, to the folder `store/` in `WEIR_DATA_DIR`.',
  },
  s3Endpoint: {
    env: 'S3_ENDPOINT',
    kind: 'text',
    expected: 'an address such as http://127.0.0.1:9000',
    about: 'Where the bucket is, for any other store than Amazon S3.',
  },
  s3Prefix: {
    env: 'S3_PREFIX',
    kind: 'text',
    expected: 'a relative path such as weir/, without a slash at its start',
    about: 'Stands before every key in the bucket.',
  },
  s3PathStyle: {
    env: 'S3_FORCE_PATH_STYLE',
    kind: 'choice',
    of: 'auto|on|off',
    default: 'auto',
    about: 'Whether the bucket stands in the path; `auto`: where `S3_ENDPOINT` is set.',
  },
  s3Region: {
    env: 'AWS_REGION',
    kind: 'text',
    expected: 'a region such as eu-central-1',
    about:
      "Region of the bucket; if not set, from the AWS profile, or `us-east-1` with `S3_ENDPOINT`. Credentials are found as AWS's own tools find them.",
  },
  s3Sse: {
    env: 'WEIR_S3_SSE',
    kind: 'choice',
    of: 'off|AES256|aws:kms',
    default: 'off',
    about: 'How the store is asked to encrypt each object; `off`: as the bucket has it.',
  },
  s3SseKmsKeyId: {
    env: 'WEIR_S3_SSE_KMS_KEY_ID',
    kind: 'text',
    expected: 'the id or ARN of a key',
    about: 'Key of `aws:kms`; without it, the one of AWS.',
  },
  s3StorageClass: {
    env: 'WEIR_S3_STORAGE_CLASS',
    kind: 'text',
    expected: 'a storage class such as STANDARD_IA',
    about: 'Storage class of each object; without it, as the store has it.',
  },
  s3AttemptMs: {
    env: 'WEIR_S3_ATTEMPT_MS',
    kind: 'ms',
    default: 10_000,
    min: 10,
    max: 3_600_000,
    about: 'How long one try at the store may take, and a millisecond more for each KiB it moves.',
  },
  s3MaxConcurrency: {
    env: 'WEIR_S3_MAX_CONCURRENCY',
    kind: 'count',
    default: 32,
    min: 1,
    max: 1_024,
    about: 'Most writes to the store at once; how many of them it bears is found out by itself.',
  },
  putDollarsPerThousand: {
    env: 'WEIR_PUT_DOLLARS_PER_THOUSAND',
    kind: 'decimal',
    default: '0.005',
    min: 0,
    max: 1_000,
    about:
      'Price of a thousand writes, for the metrics of cost; the default is that of S3 Standard.',
  },
} as const;
