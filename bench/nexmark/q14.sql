-- Bids of certain prices, the time of their day in words, and how often a letter is in their text.

CREATE TABLE result (
    auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), day_part STRING, `dateTime` TIMESTAMP(3), extra STRING,
    letters BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT auction, bidder, 0.908 * price,
       CASE WHEN HOUR(`dateTime`) BETWEEN 8 AND 18 THEN 'dayTime'
            WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime'
            ELSE 'otherTime' END,
       `dateTime`, extra,
       CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', ''))
FROM bid
WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000;
