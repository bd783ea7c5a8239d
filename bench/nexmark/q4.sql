-- The average of the prices that auctions went for, by category: an average of maxima that change.

CREATE TABLE result (
    category BIGINT, average BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT category, AVG(won)
FROM (
    SELECT a.category, MAX(b.price) AS won
    FROM auction AS a JOIN bid AS b
      ON a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires
    GROUP BY a.id, a.category)
GROUP BY category;
