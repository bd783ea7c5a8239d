-- All bids, with what a file says about their auctions: a lookup join.

-- `thalweg bench nexmark` writes the file: 0,note 0 to 9999,note 9999.
CREATE TABLE notes (`key` BIGINT, note STRING)
WITH ('connector' = 'filesystem', 'path' = 'notes.csv', 'format' = 'csv');

CREATE TABLE result (
    auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` TIMESTAMP(3), note STRING
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT b.auction, b.bidder, b.price, b.`dateTime`, n.note
FROM (SELECT *, PROCTIME() AS at FROM bid) AS b
JOIN notes FOR SYSTEM_TIME AS OF b.at AS n ON MOD(b.auction, 10000) = n.`key`;
