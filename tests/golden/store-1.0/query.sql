SET 'execution.checkpointing.interval' = '20 ms';
CREATE TABLE t (n BIGINT, k STRING, v BIGINT, d DOUBLE, m DECIMAL(12, 3), b BOOLEAN,
    ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'in.csv', 'source.monitor-interval' = '5 ms',
      'format' = 'csv');
CREATE TABLE passed (n BIGINT, k STRING, sequence BIGINT METADATA FROM 'result_sequence' VIRTUAL)
WITH ('connector' = 'filesystem', 'path' = 'rows.csv', 'format' = 'csv');
CREATE TABLE tumble (k STRING, e TIMESTAMP(3), c BIGINT, s BIGINT, a DOUBLE, m DECIMAL(38, 3),
    low STRING, sd DOUBLE, f BIGINT, l BIGINT, dv BIGINT, db BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'tumble.csv', 'format' = 'csv');
CREATE TABLE hop (k STRING, e TIMESTAMP(3), s BIGINT, hi DOUBLE, d BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'hop.csv', 'format' = 'csv');
CREATE TABLE cumulate (k STRING, e TIMESTAMP(3), s DECIMAL(38, 3), c BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'cumulate.csv', 'format' = 'csv');
CREATE TABLE joined (k STRING, e TIMESTAMP(3), n BIGINT, o BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'joined.csv', 'format' = 'csv');
CREATE TABLE parts (k STRING, n BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'parts/', 'format' = 'csv',
      'sink.rolling-policy.file-size' = '1kb');
INSERT INTO passed SELECT n, k FROM t WHERE v < 500;
INSERT INTO tumble SELECT k, window_end, COUNT(*), SUM(v), AVG(d), SUM(m),
    MIN(k || CAST(v AS STRING)), STDDEV_POP(d), FIRST_VALUE(v), LAST_VALUE(v), COUNT(DISTINCT v),
    COUNT(DISTINCT n) FILTER (WHERE b)
FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO hop SELECT k, window_end, SUM(v), MAX(d), COUNT(DISTINCT v)
FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO cumulate SELECT k, window_end, SUM(m), COUNT(*)
FROM TABLE(CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO joined SELECT l.k, l.window_end, l.n, r.n
FROM (SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
      WHERE v < 300) AS l
JOIN (SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
      WHERE v >= 600) AS r
ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end;
INSERT INTO parts SELECT k, n FROM t;
