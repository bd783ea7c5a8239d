#include "bench/figures.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace thalweg::bench {

TEST_CASE("figures: an object of JSON, with null for what there is none of") {
    Figures figures;
    figures.bench = "tcp";
    figures.variant = "100 keys";
    figures.records_per_s = 2e6;
    figures.ns_per_record = 12.5;
    figures.bytes_per_record = 32;
    figures.cores = 1.5;
    figures.bytes_max = 4096;
    CHECK(json_line(figures) ==
          "{\"bench\":\"tcp\",\"variant\":\"100 keys\",\"records_per_s\":2000000,"
          "\"ns_per_record\":12.500,\"by_hand_ns_per_record\":null,"
          "\"by_hand_records_per_s\":null,\"ratio\":null,"
          "\"gb_per_s\":0.064,\"cores\":1.5000,\"bytes_max\":4096,\"growth\":null,\"p50_ns\":null,"
          "\"p90_ns\":null,\"p99_ns\":null,\"p999_ns\":null,\"written_bytes_per_s\":null,"
          "\"pause_ns_max\":null,\"pause_ns_max_of_rival\":null}\n");
    figures.by_hand_ns_per_record = 5;
    figures.latency = Latency{1, 2, 3, 4};
    figures.epochs = EpochFigures{1000, 20, 10};
    CHECK(
        json_line(figures) ==
        "{\"bench\":\"tcp\",\"variant\":\"100 keys\",\"records_per_s\":2000000,"
        "\"ns_per_record\":12.500,\"by_hand_ns_per_record\":5.000,"
        "\"by_hand_records_per_s\":null,\"ratio\":2.500,"
        "\"gb_per_s\":0.064,\"cores\":1.5000,\"bytes_max\":4096,\"growth\":null,\"p50_ns\":1,"
        "\"p90_ns\":2,\"p99_ns\":3,\"p999_ns\":4,\"written_bytes_per_s\":1000,\"pause_ns_max\":20,"
        "\"pause_ns_max_of_rival\":10}\n");
    CHECK(table_line(figures).size() == table_heading().size());
}

TEST_CASE("figures: latency is that of a histogram, if anything is in it") {
    Histogram histogram;
    CHECK(!Latency::of(histogram));
    for (int i = 1; i <= 100; ++i)
        histogram.record(i);
    const auto latency = Latency::of(histogram);
    REQUIRE(latency);
    CHECK(latency->p50_ns == 50);
    CHECK(latency->p99_ns == 99);
    CHECK(latency->p999_ns == 100);
}

}  // namespace thalweg::bench
