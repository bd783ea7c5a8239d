// What a load sends: the schedule, Zipf's law, generated records, files dealt to connections.

#include "state/base/random.h"
#include "state/text/timestamp.h"
#include "tools/load/file_records.h"
#include "tools/load/generator.h"
#include "tools/load/results.h"
#include "tools/load/schedule.h"
#include "tools/load/zipf.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace thalweg::load {
namespace {

constexpr std::int64_t kStartUnixNs = 1'700'000'000'000'000'000;

GeneratorSpec spec_of(std::string_view text, WireFormat format) {
    auto spec = parse_generator_spec(text, format);
    REQUIRE(spec);
    return *spec;
}

struct RawRecord {
    std::int64_t time_ms;
    std::int64_t key;
    std::int64_t value;
    std::int64_t extra;
};

// Takes `count` records in chunks of changing sizes.
std::vector<RawRecord> take_raw(Generator& generator, std::uint64_t count, std::int64_t now_ns) {
    std::vector<RawRecord> records;
    for (std::uint64_t size = 1; records.size() < count; size = size * 3 % 5003 + 1) {
        const std::uint64_t left = count - records.size();
        const Chunk chunk = generator.take({std::min(size, left), 1 << 20}, now_ns);
        REQUIRE_EQ(chunk.bytes, chunk.records * sizeof(RawRecord));
        for (std::uint64_t i = 0; i < chunk.records; ++i) {
            RawRecord record{};
            std::memcpy(&record, chunk.data + i * sizeof record, sizeof record);
            records.push_back(record);
        }
    }
    return records;
}

TEST_CASE("load: what is due is what was intended, for any rate and any number of connections") {
    for (const double rate : {0.5, 3.0, 1000.0, 333'333.0, 2e6, 5e7}) {
        for (const std::uint64_t stride : {1U, 3U}) {
            std::uint64_t all = 0;
            for (std::uint64_t first = 0; first < stride; ++first) {
                const Schedule schedule{1e9 / rate, first, stride};
                for (const std::int64_t at : {0L, 1L, 999'999L, 1'000'000'000L, 7'654'321'987L}) {
                    const std::uint64_t due = schedule.due(at);
                    if (due > 0) CHECK_LE(schedule.intended_ns(due - 1), at);
                    CHECK_GT(schedule.intended_ns(due), at);
                }
                all += schedule.due(10'000'000'000 - 1);
            }
            CHECK_EQ(all, static_cast<std::uint64_t>(std::ceil(rate * 10)));
        }
    }
    CHECK_EQ(Schedule{10, 1, 3}.share_of(10), 3);  // 1, 4, 7
    CHECK_EQ(Schedule{10, 0, 3}.share_of(10), 4);
    CHECK_EQ(Schedule{}.due(1), kUnlimited);
}

TEST_CASE("load: Zipf's frequencies") {
    for (const double exponent : {0.5, 1.0, 1.2, 3.0}) {
        constexpr std::uint64_t kKeys = 1000;
        constexpr int kDraws = 400'000;
        double sum = 0;
        for (std::uint64_t k = 1; k <= kKeys; ++k)
            sum += std::pow(static_cast<double>(k), -exponent);
        const Zipf zipf(kKeys, exponent);
        Random random(7);
        std::vector<int> counts(kKeys);
        for (int i = 0; i < kDraws; ++i)
            ++counts[zipf(random)];
        for (const std::size_t k : {0U, 1U, 2U, 9U, 99U, 999U}) {
            const double expected = kDraws * std::pow(static_cast<double>(k + 1), -exponent) / sum;
            CAPTURE(exponent);
            CAPTURE(k);
            // Five standard deviations of a count.
            CHECK_LE(std::abs(counts[k] - expected), 5 * std::sqrt(expected) + 1);
        }
    }
    Random random(1);
    CHECK_EQ(Zipf(1, 1.2)(random), 0);
}

TEST_CASE("load: a paced generator stamps intended times, through every pass of its block") {
    const GeneratorSpec spec = spec_of("keys=7,values=-3..3,extra=time", WireFormat::kRawStruct);
    const Schedule schedule{777, 1, 3};
    Generator generator(spec, {schedule});
    generator.start_at(kStartUnixNs);
    const auto records = take_raw(generator, 60'000, 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::int64_t intended = kStartUnixNs + schedule.intended_ns(i);
        REQUIRE_EQ(records[i].extra, intended);
        REQUIRE_EQ(records[i].time_ms, intended / 1'000'000);
        REQUIRE_LT(records[i].key, 7);
        REQUIRE_LE(std::abs(records[i].value), 3);
    }
}

TEST_CASE("load: event times step from a start, and without either follow the clock") {
    const auto stepping = spec_of("start=5000,step=100us,extra=index", WireFormat::kRawStruct);
    Generator generator(stepping, {});
    const auto records = take_raw(generator, 50'000, 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        REQUIRE_EQ(records[i].time_ms, 5000 + static_cast<std::int64_t>(i) / 10);
        REQUIRE_EQ(records[i].extra, i);
    }
    Generator by_clock(spec_of("", WireFormat::kRawStruct), {});
    by_clock.start_at(kStartUnixNs);
    for (const std::int64_t now_ns : {0L, 900'000L, 5'000'000L}) {
        for (const RawRecord& record : take_raw(by_clock, 20'000, now_ns))
            REQUIRE_EQ(record.time_ms, (kStartUnixNs + now_ns) / 1'000'000);
    }
}

TEST_CASE("load: disorder and lateness move event times back, as often as asked") {
    const auto spec = spec_of("disorder=50ms,lateness=0.1:2s,step=1ms", WireFormat::kRawStruct);
    Generator generator(spec, {});
    generator.start_at(kStartUnixNs);
    int late = 0;
    std::set<std::int64_t> disorders;
    const auto records = take_raw(generator, 16'384, 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::int64_t back =
            kStartUnixNs / 1'000'000 + static_cast<std::int64_t>(i) - records[i].time_ms;
        if (back >= 2000) ++late;
        REQUIRE_LE(back, 2050);
        REQUIRE_GE(back, 0);
        disorders.insert(back % 2000);
    }
    CHECK_GT(late, 1400);
    CHECK_LT(late, 1900);
    CHECK_EQ(disorders.size(), 50);
}

TEST_CASE("load: JSON and CSV forms of the same records") {
    const std::string_view text = "keys=3,step=1500us,start=1700000000000,payload=2,extra=index";
    Generator json(spec_of(text, WireFormat::kJson), {});
    Generator csv(spec_of(text, WireFormat::kCsv), {});
    for (std::int64_t i = 0; i < 3000; ++i) {
        const Chunk row = csv.take({1, 4096}, 0);
        const std::string line(row.data, row.bytes);
        std::vector<std::string> cells(1);
        for (const char c : line.substr(0, line.size() - 1)) {
            if (c == ',') {
                cells.emplace_back();
            } else {
                cells.back() += c;
            }
        }
        REQUIRE_EQ(cells.size(), 5);
        const std::int64_t time_ms = 1'700'000'000'000 + i * 3 / 2;
        REQUIRE_EQ(parse_timestamp(cells[0]).value(), time_ms * 1'000'000);
        REQUIRE_EQ(cells[3], std::to_string(i));
        const Chunk object = json.take({1, 4096}, 0);
        REQUIRE_EQ(std::string(object.data, object.bytes),
                   R"({"ts":")" + cells[0] + R"(","key":)" + cells[1] + R"(,"value":)" + cells[2] +
                       R"(,"extra":)" + cells[3] + R"(,"payload":")" + cells[4] + "\"}\n");
    }
    const Chunk many = json.take({kUnlimited, 1400}, 0);
    CHECK_LE(many.bytes, 1400);
    CHECK_GT(many.bytes, 1250);
    CHECK_EQ(many.data[many.bytes - 1], '\n');
}

TEST_CASE("load: a spec that is wrong says what was expected") {
    struct Case {
        std::string_view text;
        std::string_view part;
    };

    for (const Case& c : {Case{"keys=0", "keys expects a count from 1, found '0'"},
                          Case{"speed=1", "'speed' is none of keys, distribution"},
                          Case{"distribution=zipf:x", "zipf:EXPONENT"},
                          Case{"values=3", "MIN..MAX"},
                          Case{"lateness=2:1s", "FRACTION:DURATION"},
                          Case{"step=0", "above 0"}}) {
        const auto spec = parse_generator_spec(c.text, WireFormat::kJson);
        REQUIRE_FALSE(spec);
        CHECK_NE(spec.error().message.find(c.part), std::string::npos);
    }
}

// A file with these bytes, gone when the test is over.
std::shared_ptr<const LoadedFile> file_of(const std::string& bytes) {
    const std::string path = "load_records_test.data";
    std::ofstream(path, std::ios::binary) << bytes;
    auto file = LoadedFile::open(path);
    std::remove(path.c_str());
    REQUIRE(file);
    return *file;
}

std::string take_all(FileRecords records, TakeLimit limit, std::uint64_t& count) {
    std::string all;
    count = 0;
    for (Chunk chunk = records.take(limit); chunk.records > 0; chunk = records.take(limit)) {
        CHECK_LE(chunk.records, limit.records);
        all.append(chunk.data, chunk.bytes);
        count += chunk.records;
    }
    return all;
}

TEST_CASE("load: a file goes out byte for byte, and dealt to connections each record once") {
    const auto file = file_of("a\nbb\r\n\nccc\nlast");
    std::uint64_t count = 0;
    for (const std::size_t bytes : {1U, 5U, 4096U}) {
        CHECK_EQ(take_all({file, {}, {}}, {kUnlimited, bytes}, count), file->bytes());
        CHECK_EQ(count, 5);
    }
    CHECK_EQ(take_all({file, {}, {0, 2}}, {2, 100}, count), "a\n\nlast\n");
    CHECK_EQ(take_all({file, {}, {1, 2}}, {2, 100}, count), "bb\r\nccc\n");
    CHECK_EQ(take_all({file, {}, {7, 9}}, {2, 100}, count), "");
    FileLayout prefixed;
    prefixed.wire = Framing::kLengthPrefixed;
    const std::string framed = take_all({file_of("ab\nc\n"), prefixed, {}}, {9, 100}, count);
    CHECK_EQ(framed, std::string("\2\0\0\0ab\1\0\0\0c", 11));
    prefixed.framing = Framing::kLengthPrefixed;
    CHECK(check_layout(framed, prefixed));
    CHECK_FALSE(check_layout(framed.substr(0, 10), prefixed));
    CHECK_EQ(take_all({file_of(framed), prefixed, {}}, {1, 100}, count), framed);
    CHECK_EQ(count, 2);
}

TEST_CASE("load: a file that loops keeps its lines apart") {
    FileLayout layout;
    layout.loops = true;
    for (const char* bytes : {"x\ny", "x\ny\n"}) {
        FileRecords records(file_of(bytes), layout, {});
        std::string all;
        for (int i = 0; i < 5; ++i) {
            const Chunk chunk = records.take({1, 100});
            all.append(chunk.data, chunk.bytes);
        }
        CHECK_EQ(all, "x\ny\nx\ny\nx\n");
    }
}

TEST_CASE("load: the send time of a result, in each format") {
    ResultLayout layout;
    CHECK_EQ(send_time_of(R"({"key":1,"extra": 42,"x":3})", layout), 42);
    CHECK_EQ(send_time_of(R"({"key":"extra","extra":"43"})", layout), 43);
    CHECK_FALSE(send_time_of(R"({"extras":1})", layout));
    layout.format = WireFormat::kCsv;
    CHECK_EQ(send_time_of(R"(a,"b,c",3,44)", layout), 44);
    CHECK_FALSE(send_time_of("1,2,3", layout));
    layout.format = WireFormat::kRawStruct;
    const std::int64_t row[4] = {1, 2, 3, 45};
    char bytes[sizeof row];
    std::memcpy(bytes, row, sizeof row);
    CHECK_EQ(send_time_of({bytes, sizeof bytes}, layout), 45);
    CHECK_FALSE(send_time_of({bytes, 31}, layout));
}

}  // namespace
}  // namespace thalweg::load
