-- traffic_share.sql from a file into a file; run it from the root of the repository. The end of the file
-- is the end of time: the last hour fires without being told.
--
--   thalweg run examples/traffic_share_file.sql

CREATE TABLE access_log (
  ts TIMESTAMP(3),
  ip STRING,
  `method` STRING,
  `path` STRING,
  status INT,
  `bytes` BIGINT,
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/data/access_log.jsonl',
  'format' = 'json'
);

CREATE TABLE traffic_share (
  window_start TIMESTAMP(3),
  ip STRING,
  `bytes` BIGINT,
  share DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'build/traffic_share.jsonl',
  'format' = 'json'
);

-- What each client got in an hour, over what all clients got in that hour.
INSERT INTO traffic_share
SELECT
  client.window_start,
  client.ip,
  client.`bytes`,
  ROUND(CAST(client.`bytes` AS DOUBLE) / everyone.`bytes`, 9) AS share
FROM (
  SELECT window_start, window_end, ip, SUM(`bytes`) AS `bytes`
  FROM TABLE(TUMBLE(TABLE access_log, DESCRIPTOR(ts), INTERVAL '1' HOUR))
  GROUP BY window_start, window_end, ip
) AS client
JOIN (
  SELECT window_start, window_end, SUM(`bytes`) AS `bytes`
  FROM TABLE(TUMBLE(TABLE access_log, DESCRIPTOR(ts), INTERVAL '1' HOUR))
  GROUP BY window_start, window_end
) AS everyone
ON client.window_start = everyone.window_start AND client.window_end = everyone.window_end;
