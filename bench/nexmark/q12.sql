-- How many bids somebody made in ten seconds of processing time.

CREATE VIEW timed_bid AS SELECT *, PROCTIME() AS at FROM bid;

CREATE TABLE result (
    bidder BIGINT, bids BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT bidder, COUNT(*), window_start, window_end
FROM TABLE(TUMBLE(TABLE timed_bid, DESCRIPTOR(at), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;
