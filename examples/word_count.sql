-- How often each word was said in the last five seconds, over lines of text.
--
--   thalweg run examples/word_count.sql
--   thalweg load --to tcp://127.0.0.1:9001 --file README.md --connections 1
--
-- A line has no time of its own, so windows are of processing time: they fire by the clock.

CREATE TABLE lines (
  line STRING,
  arrived AS PROCTIME()
) WITH (
  'connector' = 'tcp',
  'address' = '127.0.0.1:9001',
  'format' = 'raw'
);

CREATE TABLE word_count (
  window_start TIMESTAMP(3),
  word STRING,
  occurrences BIGINT
) WITH (
  'connector' = 'stdout',
  'format' = 'json'
);

CREATE TEMPORARY VIEW words AS
SELECT LOWER(t.word) AS word, arrived
FROM lines CROSS JOIN UNNEST(SPLIT(line, ' ')) AS t(word)
WHERE t.word <> '';

INSERT INTO word_count
SELECT window_start, word, COUNT(*) AS occurrences
FROM TABLE(TUMBLE(TABLE words, DESCRIPTOR(arrived), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, word;
