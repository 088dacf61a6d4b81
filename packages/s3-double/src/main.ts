import { startS3Double } from './server.ts';

const double = await startS3Double({ port: 0 });
process.stdout.write(`${JSON.stringify({ endpoint: double.endpoint })}\n`);
