-- Bids with the folders of their addresses.

CREATE TABLE result (
    auction BIGINT, bidder BIGINT, price BIGINT, channel STRING,
    first STRING, second STRING, third STRING
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT auction, bidder, price, channel,
       SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4), SPLIT_INDEX(url, '/', 5)
FROM bid;
