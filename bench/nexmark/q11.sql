-- How many bids somebody made in a session, which ends with ten seconds without one.

CREATE TABLE result (
    bidder BIGINT, bids BIGINT, session_start TIMESTAMP(3), session_end TIMESTAMP(3)
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT bidder, COUNT(*), window_start, window_end
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;
