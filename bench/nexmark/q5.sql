-- The auctions with most bids of ten seconds, every two seconds.

CREATE TABLE result (
    auction BIGINT, bids BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO result
WITH counts AS (
    SELECT auction, window_start, window_end, COUNT(*) AS bids
    FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
    GROUP BY auction, window_start, window_end),
most AS (
    SELECT window_start, window_end, MAX(bids) AS bids
    FROM counts
    GROUP BY window_start, window_end)
SELECT c.auction, c.bids
FROM counts AS c JOIN most AS m
  ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.bids >= m.bids;
