#include "bench/plot.h"

#include <doctest/doctest.h>

namespace thalweg::bench {

namespace {

Figures figures_of(std::string bench, std::string variant, std::size_t keys) {
    Figures figures;
    figures.bench = std::move(bench);
    figures.variant = std::move(variant);
    figures.keys = keys;
    figures.records_per_s = 2e6;
    figures.ns_per_record = 6;
    return figures;
}

}  // namespace

TEST_CASE("plot: only what there is something to see of") {
    std::vector<Figures> figures = {figures_of("hop", "60 s", 10), figures_of("udp", "", 0)};
    CHECK(pictures_of(figures).empty());
    figures.push_back(figures_of("hop", "60 s", 1'000));
    REQUIRE(pictures_of(figures).size() == 1);
    CHECK(pictures_of(figures)[0].name == "throughput");
    CHECK(pictures_of(figures)[0].script.find("10 2\n1000 2\n") != std::string::npos);
    CHECK(pictures_of(figures)[0].script.find("udp") == std::string::npos);
    figures[1].by_hand_ns_per_record = 2;
    figures[1].latency = Latency{1'000, 2'000, 3'000, 4'000};
    const std::vector<Picture> pictures = pictures_of(figures);
    REQUIRE(pictures.size() == 3);
    CHECK(pictures[1].script.find("\"udp, \" 3\n") != std::string::npos);
    CHECK(pictures[2].script.find("\"udp, \" 1 2 3 4\n") != std::string::npos);
}

}  // namespace thalweg::bench
