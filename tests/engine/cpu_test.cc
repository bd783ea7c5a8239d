#include "engine/run/cpu.h"

#include <doctest/doctest.h>

#include <array>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

TEST_CASE("cpu: lists of processors") {
    struct Row {
        const char* text;
        std::vector<unsigned> cpus;  // Empty: refused.
    };

    const std::array<Row, 17> rows = {{
        {"0", {0}},
        {"0,2-5", {0, 2, 3, 4, 5}},
        {"7,3", {7, 3}},
        {"4-4", {4}},
        {"1023", {1023}},
        {"", {}},
        {",", {}},
        {"1,", {}},
        {",1", {}},
        {"5-2", {}},
        {"1-", {}},
        {"-1", {}},
        {"1,1", {}},
        {"0-3,2", {}},
        {"1 ,2", {}},
        {"1024", {}},
        {"99999999999", {}},
    }};
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const Result<std::vector<unsigned>> cpus = parse_cpu_list(row.text);
        CHECK_EQ(cpus.has_value(), !row.cpus.empty());
        if (cpus) CHECK(*cpus == row.cpus);
        if (!cpus) CHECK(cpus.error().message.find(row.text) != std::string::npos);
    }
}

TEST_CASE("cpu: a thread can be pinned to each processor we have, and to no other") {
    const std::vector<unsigned> cpus = allowed_cpus();
    REQUIRE(!cpus.empty());
    CHECK_EQ(cpu_count(), cpus.size());
    bool pinned = true;
    bool refused = false;
    std::vector<unsigned> seen;
    std::thread([&] {
        for (const unsigned cpu : cpus) {
            pinned = pinned && pin_thread(cpu).has_value();
            const std::vector<unsigned> left = allowed_cpus();
            seen.insert(seen.end(), left.begin(), left.end());
        }
        refused = !pin_thread(1'000'000).has_value();
    }).join();
    CHECK(pinned);
    CHECK(seen == cpus);
    CHECK(refused);
    CHECK(allowed_cpus() == cpus);
}

}  // namespace
}  // namespace thalweg
