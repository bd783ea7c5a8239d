// Generated rows: types, ranges, sequences, pace, bounds.

#include "ingest/source.h"
#include "state/base/time.h"
#include "tests/support/source_driver.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

SourceSpec datagen_spec(std::vector<Field> columns, std::map<std::string, std::string> options) {
    SourceSpec spec;
    spec.name = "made";
    spec.connector = "datagen";
    spec.options = std::move(options);
    spec.options.emplace("connector", "datagen");
    for (const Field& column : columns)
        spec.format.wanted.push_back({{column.name}, column.type, Metadata::kNone});
    spec.format.declared = std::move(columns);
    return spec;
}

// Lets time pass as it needs to.
void run_to_end(SourceDriver& driver) {
    for (int i = 0; i < 100'000 && !driver.source->finished(); ++i) {
        if (driver.step() == 0)
            driver.now_ns = std::max(driver.now_ns, driver.source->next_poll_ns());
    }
    CHECK(driver.source->finished());
    driver.check_balance();
}

TEST_CASE("datagen: a sequence is divided among instances and ends the table") {
    std::vector<std::int64_t> all;
    for (std::size_t index = 0; index < 3; ++index) {
        SourceDriver driver;
        driver.outlet.pause = index;
        REQUIRE_EQ(driver.open(datagen_spec({{"n", Type::bigint()}},
                                            {{"rows-per-second", "1000000"},
                                             {"fields.n.kind", "sequence"},
                                             {"fields.n.start", "-5"},
                                             {"fields.n.end", "4994"}}),
                               {index, 3}),
                   "");
        CHECK(driver.source->is_bounded());
        run_to_end(driver);
        const std::vector<std::int64_t> own = driver.outlet.int64s();
        CHECK_GE(own.size(), 1666);
        CHECK(std::is_sorted(own.begin(), own.end()));
        all.insert(all.end(), own.begin(), own.end());
    }
    std::sort(all.begin(), all.end());
    CHECK_EQ(all, numbers(-5, 5000));
}

TEST_CASE("datagen: values stay in their ranges") {
    SourceDriver driver;
    driver.now_ns = 1'600'000'000'123'456'789;
    const std::int64_t started_at_ns = driver.now_ns;
    REQUIRE_EQ(driver.open(datagen_spec({{"n", Type::bigint()},
                                         {"name", Type::string()},
                                         {"ts", Type::timestamp(3)},
                                         {"part", Type::double_precision()},
                                         {"maybe", Type::bigint()}},
                                        {{"number-of-rows", "5000"},
                                         {"rows-per-second", "1000000"},
                                         {"fields.n.min", "-3"},
                                         {"fields.n.max", "3"},
                                         {"fields.name.length", "20"},
                                         {"fields.ts.max-past", "10 s"},
                                         {"fields.part.min", "0.5"},
                                         {"fields.part.max", "1"},
                                         {"fields.maybe.null-rate", "0.25"}})),
               "");
    run_to_end(driver);
    CHECK_EQ(driver.outlet.rows, 5000);
    const std::vector<std::int64_t> n = driver.outlet.int64s(0);
    CHECK_EQ(std::set<std::int64_t>(n.begin(), n.end()).size(), 7);
    CHECK_EQ(*std::min_element(n.begin(), n.end()), -3);
    CHECK_EQ(*std::max_element(n.begin(), n.end()), 3);
    const std::vector<std::string> names = driver.outlet.strings(1);
    CHECK_EQ(std::set<std::string>(names.begin(), names.end()).size(), 5000);
    CHECK_EQ(names[0].size(), 20);
    CHECK_EQ(names[0].find_first_not_of("0123456789abcdef"), std::string::npos);
    for (const std::int64_t ts : driver.outlet.int64s(2)) {
        CHECK_EQ(ts % kNanosPerMilli, 0);
        CHECK_LE(ts, driver.now_ns);
        CHECK_GE(ts, started_at_ns - 10 * kNanosPerSecond - kNanosPerMilli);
    }
    std::size_t nulls = 0;
    for (const auto& batch : driver.outlet.splits[0].batches) {
        const auto* const part = batch->column(3).data<double>();
        for (std::size_t row = 0; row < batch->size(); ++row) {
            const bool is_inside = part[row] >= 0.5 && part[row] <= 1;
            CHECK(is_inside);
            nulls += batch->column(4).is_null(row) ? 1U : 0U;
        }
    }
    CHECK_GT(nulls, 1000);
    CHECK_LT(nulls, 1500);
}

TEST_CASE("datagen: every scalar type, at its widest, and the same again") {
    const std::vector<Field> columns = {{"a", Type::boolean()},
                                        {"b", Type::of(TypeKind::kTinyint)},
                                        {"c", Type::of(TypeKind::kSmallint)},
                                        {"d", Type::integer()},
                                        {"e", Type::bigint()},
                                        {"f", Type::real()},
                                        {"g", Type::double_precision()},
                                        {"h", Type::decimal(38, 10)},
                                        {"i", Type{TypeKind::kChar, true, 7, 0, nullptr}},
                                        {"j", Type::bytes()},
                                        {"k", Type::of(TypeKind::kDate)},
                                        {"l", Type::of(TypeKind::kTime)},
                                        {"m", Type::timestamp_ltz(9)},
                                        {"n", Type::of(TypeKind::kIntervalYearMonth)},
                                        {"o", Type::of(TypeKind::kIntervalDaySecond)}};
    std::vector<std::int64_t> before;
    for (int run = 0; run < 2; ++run) {
        SourceDriver driver;
        REQUIRE_EQ(driver.open(datagen_spec(columns, {{"number-of-rows", "2000"}})), "");
        run_to_end(driver);
        CHECK_EQ(driver.outlet.rows, 2000);
        const Batch& batch = *driver.outlet.splits[0].batches[0];
        const auto* const tiny = batch.column(1).data<std::int32_t>();
        const auto* const time = batch.column(11).data<std::int32_t>();
        for (std::size_t row = 0; row < batch.size(); ++row) {
            const bool is_tiny = tiny[row] >= -128 && tiny[row] <= 127;
            CHECK(is_tiny);
            const bool is_time = time[row] >= 0 && time[row] < 86'400'000;
            CHECK(is_time);
        }
        CHECK_EQ(driver.outlet.strings(8)[0].size(), 7);
        CHECK_EQ(driver.outlet.strings(9)[0].size(), 100);
        const std::vector<std::int64_t> values = driver.outlet.int64s(4);
        if (run == 1) CHECK_EQ(values, before);
        before = values;
    }
}

TEST_CASE("datagen: keeps its pace, and does not make up for a long wait") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(datagen_spec({{"n", Type::bigint()}}, {{"rows-per-second", "100"}})),
               "");
    CHECK_FALSE(driver.source->is_bounded());
    const std::int64_t start_ns = driver.now_ns;
    for (int second = 1; second <= 5; ++second) {
        while (driver.now_ns < start_ns + second * kNanosPerSecond) {
            static_cast<void>(driver.step());
            driver.now_ns = std::max(driver.now_ns + 1, driver.source->next_poll_ns());
        }
        CHECK_GE(driver.outlet.rows, static_cast<std::size_t>(second) * 100 - 1);
        CHECK_LE(driver.outlet.rows, static_cast<std::size_t>(second) * 100 + 1);
    }
    const std::size_t rows = driver.outlet.rows;
    driver.now_ns += 1000 * kNanosPerSecond;
    static_cast<void>(driver.step());
    CHECK_LE(driver.outlet.rows, rows + 101);
    driver.source->stop();
    CHECK(driver.run_to_end());
    driver.check_balance();
}

TEST_CASE("datagen: bad options are named") {
    struct Case {
        std::map<std::string, std::string> options;
        const char* message;
    };

    const std::vector<Case> cases = {
        {{{"rows-per-second", "0"}},
         "table 'made': option 'rows-per-second' must be a whole number of at least 1, not '0'"},
        {{{"fields.m.min", "0"}}, "table 'made': option 'fields.m.min': no column 'm'"},
        {{{"fields.n.mim", "0"}},
         "table 'made': option 'fields.n.mim': unknown 'mim' (did you mean 'min'?)"},
        {{{"fields.n.kind", "sequence"}, {"fields.n.start", "1"}},
         "table 'made': connector 'datagen' needs the option 'fields.n.end'"},
        {{{"fields.n.min", "5"}, {"fields.n.max", "4"}},
         "table 'made': option 'fields.n.max' must be at least 'fields.n.min', not '4'"},
        {{{"fields.n.max", "9223372036854775808"}},
         "table 'made': option 'fields.n.max' must be a value of type BIGINT, not "
         "'9223372036854775808'"},
        {{{"fields.n.null-rate", "2"}},
         "table 'made': option 'fields.n.null-rate' must be a number from 0 to 1, not '2'"},
    };
    for (const Case& c : cases) {
        const Result<SourceTraits> traits =
            check_source(datagen_spec({{"n", Type::bigint()}}, c.options));
        REQUIRE_FALSE(traits.has_value());
        CHECK_EQ(traits.error().message, std::string(c.message));
    }
}

// --- Positions -----------------------------------------------------------------------------------

// Rows of all instances up to a seal after a number of steps, and what was sealed.
std::vector<SourcePosition> run_instances(const SourceSpec& spec,
                                          std::size_t count,
                                          const std::vector<SourcePosition>& from,
                                          std::optional<std::size_t> steps,
                                          std::vector<std::string>& rows) {
    std::vector<SourcePosition> positions;
    for (std::size_t index = 0; index < count; ++index) {
        SourceDriver driver;
        driver.budget = 7 + index;
        auto made = make_source(spec, {index, count}, driver.loop, [](std::string_view) {});
        REQUIRE(made.has_value());
        const Result<void> restored = (*made)->restore(from);
        REQUIRE_MESSAGE(restored.has_value(), (restored ? "" : restored.error().message));
        REQUIRE_EQ(driver.open(*std::move(made)), "");
        for (std::size_t i = 0; i < steps.value_or(0) + index; ++i) {
            if (driver.step() == 0)
                driver.now_ns = std::max(driver.now_ns, driver.source->next_poll_ns());
        }
        if (!steps) run_to_end(driver);
        driver.source->seal(1, positions);
        driver.check_balance();
        const std::vector<std::int64_t> numbers = driver.outlet.int64s(0);
        const std::vector<std::string> texts = driver.outlet.strings(1);
        for (std::size_t i = 0; i < numbers.size(); ++i)
            rows.push_back(std::to_string(numbers[i]) + texts[i]);
    }
    return positions;
}

TEST_CASE("datagen: a restart with any number of instances goes on with the same rows") {
    const SourceSpec spec = datagen_spec({{"n", Type::bigint()}, {"name", Type::string()}},
                                         {{"rows-per-second", "1000000"},
                                          {"number-of-rows", "5000"},
                                          {"fields.n.kind", "sequence"},
                                          {"fields.n.start", "0"},
                                          {"fields.n.end", "100000"},
                                          {"fields.name.length", "13"}});
    for (const std::size_t first : {std::size_t{1}, std::size_t{3}}) {
        std::vector<std::string> expected;
        run_instances(spec, first, {}, std::nullopt, expected);
        std::sort(expected.begin(), expected.end());
        REQUIRE_EQ(expected.size(), 5000);
        for (const std::size_t second : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
            std::vector<std::string> rows;
            const auto sealed = run_instances(spec, first, {}, 40, rows);
            CHECK_EQ(sealed.size(), first);
            const auto again = run_instances(spec, second, sealed, 25, rows);
            CHECK_EQ(again.size(), first);
            CHECK_LT(rows.size(), 5000);
            run_instances(spec, 4, again, std::nullopt, rows);
            std::sort(rows.begin(), rows.end());
            CHECK_EQ(rows, expected);
        }
    }
}

TEST_CASE("datagen: positions of something else are refused") {
    const SourceSpec spec = datagen_spec({{"n", Type::bigint()}}, {{"number-of-rows", "10"}});
    const std::vector<std::vector<SourcePosition>> cases = {
        {{"data/part-1", 0, 1}},
        {{"1 of 1", 0, 1}},
        {{"0 of 2", 0, 1}},
        {{"0 of 1", 0, 11}},
        {{"-1 of 1", 0, 1}},
    };
    for (const auto& positions : cases) {
        IoLoop loop;
        auto source = make_source(spec, {}, loop, [](std::string_view) {});
        CHECK_FALSE((*source)->restore(positions).has_value());
    }
}

}  // namespace
}  // namespace thalweg
