-- Bids of an auction and a day, and their prices.

CREATE TABLE result (
    auction BIGINT, `day` STRING,
    bids BIGINT, low_bids BIGINT, middle_bids BIGINT, high_bids BIGINT,
    lowest BIGINT, highest BIGINT, average BIGINT, total BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd'),
       COUNT(*),
       COUNT(*) FILTER (WHERE price < 10000),
       COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000),
       COUNT(*) FILTER (WHERE price >= 1000000),
       MIN(price), MAX(price), AVG(price), SUM(price)
FROM bid
GROUP BY auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');
