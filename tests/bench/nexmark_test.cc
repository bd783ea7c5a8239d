#include "bench/nexmark.h"

#include <doctest/doctest.h>

namespace thalweg::bench {

TEST_CASE("nexmark bench: figures are read out of the last line of a run") {
    const std::string line =
        "rows in 1,000,000, rows out 56, malformed 0, elapsed 0.073 s, rate 13,741,812 rows/s";
    CHECK(figure_of(line, "rows out").value() == 56);
    CHECK(figure_of(line, "rows in").value() == 1'000'000);
    CHECK(figure_of(line, "rate").value() == 13'741'812);
    CHECK_FALSE(figure_of(line, "late").has_value());
    CHECK_FALSE(figure_of("rows out many", "rows out").has_value());
}

TEST_CASE("nexmark bench: a query that does not run says why") {
    NexmarkFigures figures;
    figures.query = "q11";
    figures.title = "Sessions.";
    figures.events = 1'000;
    figures.error = "error: \"SESSION\" is not supported";
    CHECK(nexmark_line(figures) == "q11    does not run: error: \"SESSION\" is not supported\n");
    CHECK(nexmark_json(figures) ==
          "{\"bench\":\"nexmark\",\"query\":\"q11\",\"title\":\"Sessions.\",\"events\":1000,"
          "\"rows\":0,\"events_per_s\":0,\"events_per_core_s\":0,\"cores\":0.000,\"bytes_max\":0,"
          "\"error\":\"error: \\\"SESSION\\\" is not supported\"}\n");
    figures.error.clear();
    figures.rows = 56;
    figures.events_per_s = 20e6;
    figures.events_per_core_s = 10e6;
    figures.cores = 2;
    figures.bytes_max = 26'000'000;
    CHECK(nexmark_line(figures) ==
          "q11         20.00   2.00                10.00       26           56  Sessions.\n");
    CHECK(nexmark_json(figures).find("\"error\":null}") != std::string::npos);
}

TEST_CASE("nexmark bench: there are 24 queries") {
    CHECK(nexmark_queries().size() == 24);
    CHECK(nexmark_queries().back() == "q23");
    CHECK_FALSE(measure_nexmark({.query = "", .events = 1, .cores = 1}, "q24").has_value());
}

}  // namespace thalweg::bench
