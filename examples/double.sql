-- A pipeline without windows: numbers come in, one a line, those above 10 leave doubled, at once.
--
--   thalweg run examples/double.sql
--   printf '7\n21\n1000\n' >/dev/tcp/127.0.0.1/9002        -- in bash; answers 42 and 2000

CREATE TABLE numbers (
  `value` BIGINT
) WITH (
  'connector' = 'tcp',
  'address' = '127.0.0.1:9002',
  'format' = 'csv'
);

CREATE TABLE doubled (
  `value` BIGINT
) WITH (
  'connector' = 'stdout',
  'format' = 'csv'
);

INSERT INTO doubled
SELECT `value` * 2 AS `value`
FROM numbers
WHERE `value` > 10;
