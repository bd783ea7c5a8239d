#pragma once

#include "ingest/source.h"
#include "tests/support/vector_outlet.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

// One source on the test's own thread, driven as an ingest agent drives it, with a clock that the
// test moves.
struct SourceDriver {
    IoLoop loop;
    VectorOutlet outlet;
    std::vector<std::string> events;
    std::int64_t now_ns = 1'000'000'000;
    std::size_t budget = 4096;
    std::unique_ptr<Source> source;

    // Makes and opens; the error when that fails.
    std::string open(const SourceSpec& spec, SourceInstance instance = {}) {
        Result<std::unique_ptr<Source>> made = make_source(
            spec, instance, loop, [this](std::string_view text) { events.emplace_back(text); });
        if (!made) return made.error().message;
        return open(*std::move(made));
    }

    std::string open(std::unique_ptr<Source> made) {
        source = std::move(made);
        const Result<void> opened = source->open(outlet);
        return opened ? std::string() : opened.error().message;
    }

    // One round of the agent.
    std::size_t step() {
        const std::size_t handlers = loop.poll();
        return handlers + source->poll(now_ns, budget, outlet);
    }

    // Rounds until `done` holds; false after five seconds of waiting.
    bool run_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!done()) {
            if (step() == 0) loop.wait(std::chrono::milliseconds(1));
            if (std::chrono::steady_clock::now() > deadline) return false;
        }
        return true;
    }

    bool run_to_end() {
        return run_until([this] { return source->finished(); });
    }

    // What holds for every source at every moment.
    void check_balance() {
        const SourceCounters& counters = source->counters();
        const std::uint64_t rejected =
            std::accumulate(counters.rejected.begin(), counters.rejected.end(), std::uint64_t{0});
        CHECK_EQ(counters.received_records,
                 counters.emitted_records + rejected + counters.shed_records);
        CHECK_EQ(counters.emitted_records, outlet.rows);
        CHECK_EQ(rejected, outlet.refused.size());
        CHECK_EQ(outlet.misuses, 0);
        if (source->finished()) CHECK_EQ(outlet.open_splits(), 0);
    }

    [[nodiscard]] std::uint64_t rejected(RejectReason reason) const {
        return source->counters().rejected[static_cast<std::size_t>(reason)];
    }

    // The address that the source says it listens on.
    [[nodiscard]] std::string listening_on() const {
        constexpr std::string_view kPrefix = "listening on ";
        for (const std::string& event : events) {
            if (event.starts_with(kPrefix)) return event.substr(kPrefix.size());
        }
        return {};
    }
};

// A table of one BIGINT column `n` of JSON, read by `connector`.
inline SourceSpec numbers_spec(std::string connector, std::map<std::string, std::string> options) {
    SourceSpec spec;
    spec.name = "numbers";
    spec.connector = connector;
    spec.options = std::move(options);
    spec.options.emplace("connector", std::move(connector));
    spec.options.emplace("format", "json");
    spec.format.declared = {{"n", Type::bigint()}};
    spec.format.wanted = {{{"n"}, Type::bigint(), Metadata::kNone}};
    return spec;
}

// Lines {"n":first} to {"n":first+count-1}.
inline std::string number_lines(std::int64_t first, std::int64_t count) {
    std::string lines;
    for (std::int64_t n = first; n < first + count; ++n)
        lines += "{\"n\":" + std::to_string(n) + "}\n";
    return lines;
}

inline std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), first);
    return values;
}

}  // namespace thalweg
