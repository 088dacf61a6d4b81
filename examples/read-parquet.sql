-- Events of a folder store whose objects are Parquet (WEIR_CODEC=parquet), with DuckDB:
--   duckdb < examples/read-parquet.sql
SET VARIABLE store = 'data/store';

-- Events by partition: tenant, day and hour come from the names of the objects.
SELECT tenant, dt, hour, type, count(*) AS events
FROM read_parquet(getvariable('store') || '/tenant=*/dt=*/hour=*/*.parquet', hive_partitioning = true)
GROUP BY ALL
ORDER BY ALL;

-- A tenant's events, those in shared objects included. `data` is JSON text, as it was sent.
SELECT id, type, time_utc, data ->> '$.cents' AS cents
FROM read_parquet(getvariable('store') || '/tenant=*/dt=*/hour=*/*.parquet', hive_partitioning = true)
WHERE weirtenant = 'dev' AND tenant IN ('dev', '_mixed')
ORDER BY time_utc, id
LIMIT 10;

-- By manifest, each event once: only what a manifest names counts.
SET VARIABLE named = (
  SELECT list(getvariable('store') || '/' || o.key) FROM (
    SELECT unnest(objects) AS o
    FROM read_json(getvariable('store') || '/_manifests/*/*.json',
                   columns = {objects: 'STRUCT(key VARCHAR, state VARCHAR)[]'}))
  WHERE o.state = 'stored');

SELECT weirtenant, count(*) AS events, count(DISTINCT id) AS ids
FROM read_parquet(getvariable('named'))
GROUP BY ALL
ORDER BY ALL;
