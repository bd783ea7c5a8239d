-- All bids, with day and minute, into CSV files.

CREATE TABLE result (
    auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` TIMESTAMP(3), extra STRING, `day` STRING, `minute` STRING
) WITH ('connector' = 'filesystem', 'path' = 'bids/', 'format' = 'csv');

INSERT INTO result
SELECT auction, bidder, price, `dateTime`, extra,
       DATE_FORMAT(`dateTime`, 'yyyy-MM-dd'), DATE_FORMAT(`dateTime`, 'HH:mm')
FROM bid;
