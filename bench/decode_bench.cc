// Decoders against loops written by hand for one layout of record, over the same bytes in memory.
//
// A rival may be as special as it likes: it knows the fields, their order and their types at
// compile time, checks little, and writes plain arrays. The decoders know nothing until they are
// made, check everything, and write columns.

#include "bench/bench.h"
#include "ingest/csv_decoder.h"
#include "ingest/json_decoder.h"
#include "ingest/raw_struct_decoder.h"
#include "state/base/random.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

struct Event {
    std::int64_t ts;
    std::int64_t key;
    double value;
    std::int64_t extra;
};

// What every candidate must find: a sum over the three columns it decodes.
struct Sums {
    std::uint64_t ts = 0;
    std::uint64_t key = 0;
    double value = 0;

    void add(std::int64_t event_ts, std::int64_t event_key, double event_value) {
        ts += static_cast<std::uint64_t>(event_ts);
        key += static_cast<std::uint64_t>(event_key);
        value += event_value;
    }
};

void require_same(const Sums& found, const Sums& expected, const char* what) {
    require_equal(found.ts, expected.ts, what);
    require_equal(found.key, expected.key, what);
    require_equal(found.value == expected.value ? 1 : 0, 1, what);
}

const std::vector<Event>& events() {
    static const std::vector<Event> all = [] {
        Random random(7);
        std::vector<Event> made(static_cast<std::size_t>(bench_size(100'000, 1'000)));
        std::int64_t ts = 1'602'331'200'000;
        for (Event& event : made) {
            ts += static_cast<std::int64_t>(random.below(20));
            event = {ts,
                     static_cast<std::int64_t>(random.below(10'000)),
                     static_cast<double>(random.below(100'000)) / 4,
                     static_cast<std::int64_t>(random.below(1'000'000'000))};
        }
        return made;
    }();
    return all;
}

Sums expected_sums() {
    Sums sums;
    for (const Event& event : events())
        sums.add(event.ts, event.key, event.value);
    return sums;
}

std::string number(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

std::string padded(std::string bytes) {
    bytes.append(kDecodePadding, '\0');
    return bytes;
}

// About 70 bytes a line, padding of the buffer not counted.
std::string json_lines() {
    std::string out;
    for (const Event& event : events()) {
        out += "{\"ts\":" + std::to_string(event.ts) + ",\"key\":" + std::to_string(event.key) +
               ",\"value\":" + number(event.value) + ",\"extra\":\"x" +
               std::to_string(event.extra) + "\"}\n";
    }
    return padded(std::move(out));
}

// About 35 bytes a line.
std::string csv_lines() {
    std::string out;
    for (const Event& event : events()) {
        out += std::to_string(event.ts) + "," + std::to_string(event.key) + "," +
               number(event.value) + "," + std::to_string(event.extra) + "\n";
    }
    return padded(std::move(out));
}

std::string raw_rows() {
    std::string out(events().size() * sizeof(Event), '\0');
    std::memcpy(out.data(), events().data(), out.size());
    return padded(std::move(out));
}

FormatSpec spec_of(std::string_view format, const Type& extra) {
    FormatSpec spec;
    spec.format = format;
    spec.declared = {{"ts", Type::bigint()},
                     {"key", Type::bigint()},
                     {"value", Type::double_precision()},
                     {"extra", extra}};
    for (std::size_t i = 0; i < 3; ++i)
        spec.wanted.push_back({{spec.declared[i].name}, spec.declared[i].type, Metadata::kNone});
    return spec;
}

class IgnoringOutlet final : public Outlet {
  public:
    SplitId open_split() override { return {}; }

    void close_split(SplitId) override {}

    bool ready() override { return true; }

    void offer(SplitId, const Batch&) override {}

    void reject(const Rejected&) override { ++rejected; }

    void flush() override {}

    std::uint64_t rejected = 0;
};

// Decodes all of `bytes` into one batch again and again, and lets `visit` look at each.
template <class Visit>
void decode_all(Decoder& decoder, std::string_view bytes, Batch& batch, Visit visit) {
    IgnoringOutlet outlet;
    while (!bytes.empty()) {
        batch.clear();
        // Pieces as large as sources read them.
        constexpr std::size_t kPieceBytes = 256 * 1024;
        const Piece piece{.bytes = bytes.substr(0, kPieceBytes),
                          .is_end = bytes.size() <= kPieceBytes,
                          .peer = {}};
        const DecodeResult result = decoder.decode(piece, batch, outlet);
        bytes.remove_prefix(result.consumed);
        visit(batch);
    }
    require_equal(outlet.rejected, 0, "rejected records");
}

void run_decoder(benchmark::State& state,
                 const FormatSpec& spec,
                 Decoder& decoder,
                 const std::string& text) {
    const std::string_view bytes(text.data(), text.size() - kDecodePadding);
    std::vector<Field> fields;
    for (const WantedColumn& wanted : spec.wanted)
        fields.push_back({wanted.path.front(), wanted.type});
    Batch batch(make_schema(std::move(fields)));
    Sums sums;
    decode_all(decoder, bytes, batch, [&](const Batch& rows) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            sums.add(rows.column(0).data<std::int64_t>()[i],
                     rows.column(1).data<std::int64_t>()[i],
                     rows.column(2).data<double>()[i]);
        }
    });
    require_same(sums, expected_sums(), "decoder");
    for (auto _ : state) {
        decode_all(decoder, bytes, batch, [](const Batch& rows) {
            benchmark::DoNotOptimize(rows.column(0).data<std::int64_t>());
            benchmark::ClobberMemory();
        });
    }
    report_per_record(state, static_cast<std::int64_t>(events().size()));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

// The columns that a hand-written loop fills: as large as a batch, and overwritten.
struct Arrays {
    std::vector<std::int64_t> ts = std::vector<std::int64_t>(kBatchRows);
    std::vector<std::int64_t> key = std::vector<std::int64_t>(kBatchRows);
    std::vector<double> value = std::vector<double>(kBatchRows);
};

template <class Loop>
void run_by_hand(benchmark::State& state, const std::string& text, Loop loop) {
    const std::string_view bytes(text.data(), text.size() - kDecodePadding);
    Arrays arrays;
    Sums sums;
    loop(bytes, arrays, [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            sums.add(arrays.ts[i], arrays.key[i], arrays.value[i]);
    });
    require_same(sums, expected_sums(), "loop by hand");
    for (auto _ : state) {
        loop(bytes, arrays, [&](std::size_t) {
            benchmark::DoNotOptimize(arrays.ts.data());
            benchmark::ClobberMemory();
        });
    }
    report_per_record(state, static_cast<std::int64_t>(events().size()));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

// --- JSON ---------------------------------------------------------------------------------------

void json_decoder(benchmark::State& state, DecodePath path) {
    const FormatSpec spec = spec_of("json", Type::string());
    run_decoder(state, spec, **make_json_decoder(spec, path), json_lines());
}

void BM_json_decoder(benchmark::State& state) {
    json_decoder(state, DecodePath::kFast);
}

void BM_json_decoder_simdjson_only(benchmark::State& state) {
    json_decoder(state, DecodePath::kPlain);
}

void take_object(simdjson::ondemand::object object, Arrays& arrays, std::size_t row) {
    arrays.ts[row] = object["ts"].get_int64().value_unsafe();
    arrays.key[row] = object["key"].get_int64().value_unsafe();
    arrays.value[row] = object["value"].get_double().value_unsafe();
}

void BM_json_by_hand_whole_buffer(benchmark::State& state) {
    simdjson::ondemand::parser parser;
    run_by_hand(
        state, json_lines(), [&](std::string_view bytes, Arrays& arrays, const auto& visit) {
            simdjson::ondemand::document_stream stream;
            if (parser.iterate_many(bytes.data(), bytes.size(), 1'000'000).get(stream) !=
                simdjson::SUCCESS)
                std::abort();
            std::size_t row = 0;
            for (auto document : stream) {
                simdjson::ondemand::object object;
                if (document.get_object().get(object) != simdjson::SUCCESS) std::abort();
                take_object(object, arrays, row);
                if (++row < kBatchRows) continue;
                visit(row);
                row = 0;
            }
            visit(row);
        });
}

void BM_json_by_hand_line_at_a_time(benchmark::State& state) {
    simdjson::ondemand::parser parser;
    run_by_hand(
        state, json_lines(), [&](std::string_view bytes, Arrays& arrays, const auto& visit) {
            std::size_t row = 0;
            while (!bytes.empty()) {
                const std::size_t end = bytes.find('\n');
                const simdjson::padded_string_view line(
                    bytes.data(), end, end + simdjson::SIMDJSON_PADDING);
                simdjson::ondemand::document document;
                simdjson::ondemand::object object;
                if (parser.iterate(line).get(document) != simdjson::SUCCESS ||
                    document.get_object().get(object) != simdjson::SUCCESS)
                    std::abort();
                take_object(object, arrays, row);
                bytes.remove_prefix(end + 1);
                if (++row < kBatchRows) continue;
                visit(row);
                row = 0;
            }
            visit(row);
        });
}

// --- CSV ----------------------------------------------------------------------------------------

void csv_decoder(benchmark::State& state, DecodePath path) {
    const FormatSpec spec = spec_of("csv", Type::bigint());
    run_decoder(state, spec, **make_csv_decoder(spec, path), csv_lines());
}

void BM_csv_decoder(benchmark::State& state) {
    csv_decoder(state, DecodePath::kFast);
}

void BM_csv_decoder_scalar(benchmark::State& state) {
    csv_decoder(state, DecodePath::kPlain);
}

void BM_csv_by_hand(benchmark::State& state) {
    run_by_hand(state, csv_lines(), [](std::string_view bytes, Arrays& arrays, const auto& visit) {
        const char* at = bytes.data();
        const char* const limit = at + bytes.size();
        std::size_t row = 0;
        while (at < limit) {
            at = std::from_chars(at, limit, arrays.ts[row]).ptr + 1;
            at = std::from_chars(at, limit, arrays.key[row]).ptr + 1;
            at = std::from_chars(at, limit, arrays.value[row]).ptr;
            at = static_cast<const char*>(
                     std::memchr(at, '\n', static_cast<std::size_t>(limit - at))) +
                 1;
            if (++row < kBatchRows) continue;
            visit(row);
            row = 0;
        }
        visit(row);
    });
}

// --- raw-struct ---------------------------------------------------------------------------------

void BM_raw_struct_decoder(benchmark::State& state) {
    FormatSpec spec = spec_of("raw-struct", Type::bigint());
    spec.framing = Framing::kFixed;
    run_decoder(state, spec, **make_raw_struct_decoder(spec), raw_rows());
}

void BM_raw_struct_by_hand(benchmark::State& state) {
    run_by_hand(state, raw_rows(), [](std::string_view bytes, Arrays& arrays, const auto& visit) {
        std::size_t row = 0;
        for (std::size_t at = 0; at < bytes.size(); at += sizeof(Event)) {
            Event event;
            std::memcpy(&event, bytes.data() + at, sizeof event);
            arrays.ts[row] = event.ts;
            arrays.key[row] = event.key;
            arrays.value[row] = event.value;
            if (++row < kBatchRows) continue;
            visit(row);
            row = 0;
        }
        visit(row);
    });
}

BENCHMARK(BM_json_decoder);
BENCHMARK(BM_json_decoder_simdjson_only);
BENCHMARK(BM_json_by_hand_whole_buffer);
BENCHMARK(BM_json_by_hand_line_at_a_time);
BENCHMARK(BM_csv_decoder);
BENCHMARK(BM_csv_decoder_scalar);
BENCHMARK(BM_csv_by_hand);
BENCHMARK(BM_raw_struct_decoder);
BENCHMARK(BM_raw_struct_by_hand);

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
