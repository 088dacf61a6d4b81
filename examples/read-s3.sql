-- Events in a bucket, with DuckDB: credentials come from where Amazon's own tools find them.
INSTALL httpfs;
LOAD httpfs;
CREATE SECRET (TYPE s3, PROVIDER credential_chain, REGION 'eu-central-1');
-- Another store that speaks S3, with keys of its own:
-- CREATE SECRET (TYPE s3, KEY_ID 'test', SECRET 'test-secret', REGION 'us-east-1',
--                ENDPOINT '127.0.0.1:7070', URL_STYLE 'path', USE_SSL false);

SET VARIABLE store = 's3://events'; -- with WEIR_S3_PREFIX: s3://events/PREFIX

-- A tenant's hour. Conditions on tenant, dt and hour choose objects by name: no other one is read.
SELECT type, count(*) AS events
FROM read_json(getvariable('store') || '/tenant=*/dt=*/hour=*/*.ndjson.zst',
               format = 'newline_delimited', hive_partitioning = true,
               hive_types = {tenant: VARCHAR, dt: DATE, hour: INTEGER},
               columns = {type: 'VARCHAR', weirtenant: 'VARCHAR'})
WHERE tenant IN ('dev', '_mixed') AND weirtenant = 'dev' AND dt = current_date
GROUP BY ALL
ORDER BY ALL;
