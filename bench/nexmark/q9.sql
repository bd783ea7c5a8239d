-- Each auction with the bid that is highest so far: the first of a join's rows.

CREATE TABLE result (
    id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT,
    opened TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra STRING,
    bidder BIGINT, price BIGINT, bid_at TIMESTAMP(3), bid_extra STRING
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT id, itemName, description, initialBid, reserve, `dateTime`, expires, seller, category, extra,
       bidder, price, bid_at, bid_extra
FROM (
    SELECT a.*, b.bidder, b.price, b.`dateTime` AS bid_at, b.extra AS bid_extra,
           ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.`dateTime`) AS place
    FROM auction AS a JOIN bid AS b
      ON a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires)
WHERE place = 1;
