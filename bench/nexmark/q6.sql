-- The average of the prices that a seller's latest auctions went for: OVER rows that change.

CREATE TABLE result (
    seller BIGINT, average BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT seller,
       AVG(price) OVER (PARTITION BY seller ORDER BY `dateTime`
                        ROWS BETWEEN 10 PRECEDING AND CURRENT ROW)
FROM (
    SELECT a.seller, b.price, b.`dateTime`,
           ROW_NUMBER() OVER (PARTITION BY a.id, a.seller ORDER BY b.price DESC) AS place
    FROM auction AS a JOIN bid AS b
      ON a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires)
WHERE place = 1;
