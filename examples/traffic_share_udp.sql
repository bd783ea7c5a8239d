-- traffic_share.sql over UDP: each datagram holds one or more lines.
--
--   thalweg run examples/traffic_share_udp.sql --drain
--   thalweg load --to udp://127.0.0.1:9000 --file examples/data/access_log.jsonl --rate 5000

CREATE TABLE access_log (
  ts TIMESTAMP(3),
  ip STRING,
  `method` STRING,
  `path` STRING,
  status INT,
  `bytes` BIGINT,
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH (
  'connector' = 'udp',
  'address' = '127.0.0.1:9000',
  'framing' = 'newline',
  'format' = 'json'
);

CREATE TABLE traffic_share (
  window_start TIMESTAMP(3),
  ip STRING,
  `bytes` BIGINT,
  share DOUBLE
) WITH (
  'connector' = 'stdout',
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
