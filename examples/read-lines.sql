-- Events of a folder store whose objects are lines (.ndjson.zst, .ndjson.gz or .ndjson), with DuckDB:
--   duckdb < examples/read-lines.sql
SET VARIABLE store = 'data/store';

-- Events by partition: tenant, day and hour come from the names of the objects.
SELECT tenant, dt, hour, type, count(*) AS events
FROM read_json(getvariable('store') || '/tenant=*/dt=*/hour=*/*.ndjson*',
               format = 'newline_delimited', hive_partitioning = true,
               columns = {type: 'VARCHAR'})
GROUP BY ALL
ORDER BY ALL;

-- A tenant's events, those in shared objects included. `data` stays JSON, so no number is rounded.
SELECT id, type, "time", data ->> '$.cents' AS cents
FROM read_json(getvariable('store') || '/tenant=*/dt=*/hour=*/*.ndjson*',
               format = 'newline_delimited', hive_partitioning = true,
               columns = {id: 'VARCHAR', type: 'VARCHAR', "time": 'TIMESTAMPTZ', data: 'JSON',
                          weirtenant: 'VARCHAR', weirreceipt: 'VARCHAR'})
WHERE weirtenant = 'dev' AND tenant IN ('dev', '_mixed')
ORDER BY "time", id
LIMIT 10;

-- By manifest, each event once: only what a manifest names counts.
SET VARIABLE named = (
  SELECT list(getvariable('store') || '/' || o.key) FROM (
    SELECT unnest(objects) AS o
    FROM read_json(getvariable('store') || '/_manifests/*/*.json',
                   columns = {objects: 'STRUCT(key VARCHAR, state VARCHAR)[]'}))
  WHERE o.state = 'stored');

SELECT weirtenant, count(*) AS events, count(DISTINCT id) AS ids
FROM read_json(getvariable('named'), format = 'newline_delimited',
               columns = {id: 'VARCHAR', weirtenant: 'VARCHAR'})
GROUP BY ALL
ORDER BY ALL;
