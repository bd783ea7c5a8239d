#include "bench/by_hand/by_hand.h"
#include "bench/oracle.h"
#include "bench/record_stream.h"
#include "bench/whole_query.h"
#include "bench/workloads/families.h"
#include "bench/workloads/record_case.h"

#include <array>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

constexpr std::int64_t kFilterMin = 9'100;  // One record of ten passes.
constexpr std::int64_t kJoinSplit = 5'500;  // Half on each side.
constexpr std::size_t kHopSeconds = 60;
constexpr std::array<std::size_t, 3> kKeys = {100, 10'000, 1'000'000};
constexpr std::array<std::size_t, 2> kManyKeys = {10'000, 1'000'000};

// The connector named here is stood in for by memory.
constexpr std::string_view kJsonTable =
    "CREATE TABLE records (ts BIGINT, key BIGINT, `value` BIGINT, extra STRING,\n"
    "    rt AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR rt AS rt - INTERVAL '0.001' SECOND)\n"
    "    WITH ('connector' = 'stdin', 'format' = 'json');\n";
constexpr std::string_view kCsvTable =
    "CREATE TABLE records (ts BIGINT, key BIGINT, `value` BIGINT, extra BIGINT,\n"
    "    rt AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR rt AS rt - INTERVAL '0.001' SECOND)\n"
    "    WITH ('connector' = 'stdin', 'format' = 'csv');\n";

std::string tumble_of(std::string_view time) {
    return "TABLE(TUMBLE(TABLE records, DESCRIPTOR(" + std::string(time) +
           "), INTERVAL '1' SECOND))";
}

std::string aggregate_sql(std::string_view table, std::string_view time) {
    return std::string(table) +
           sink_sql(
               "window_end TIMESTAMP(3), key BIGINT, "
               "n BIGINT, total BIGINT, low BIGINT, high BIGINT") +
           "SELECT window_end, key, COUNT(*), SUM(`value`), MIN(`value`), MAX(`value`)\nFROM " +
           tumble_of(time) + "\nGROUP BY window_start, window_end, key;\n";
}

std::string count_and_sum_sql(std::string_view window) {
    return std::string(kRecordsTable) +
           sink_sql("window_end TIMESTAMP(3), key BIGINT, n BIGINT, total BIGINT") +
           "SELECT window_end, key, COUNT(*), SUM(`value`)\nFROM " + std::string(window) +
           "\nGROUP BY window_start, window_end, key;\n";
}

std::string filter_sql() {
    return std::string(kRecordsTable) + sink_sql("ts TIMESTAMP(3), key BIGINT, twice BIGINT") +
           "SELECT ts, key, `value` * 2 FROM records WHERE extra >= " + std::to_string(kFilterMin) +
           ";\n";
}

std::string distinct_sql() {
    return std::string(kRecordsTable) + sink_sql("window_end TIMESTAMP(3), n BIGINT") +
           "SELECT window_end, COUNT(DISTINCT key)\nFROM " + tumble_of("ts") +
           "\nGROUP BY window_start, window_end;\n";
}

std::string window_join_sql() {
    const std::string split = std::to_string(kJoinSplit);
    const auto side = [&](std::string_view aggregate, std::string_view where) {
        return "(SELECT window_start, window_end, key, " + std::string(aggregate) + "\n    FROM " +
               tumble_of("ts") + "\n    WHERE extra " + std::string(where) + " " + split +
               "\n    GROUP BY window_start, window_end, key)";
    };
    return std::string(kRecordsTable) +
           sink_sql("window_end TIMESTAMP(3), key BIGINT, n BIGINT, total BIGINT") +
           "SELECT l.window_end, l.key, l.n, r.total\nFROM " + side("COUNT(*) AS n", "<") +
           " l\nJOIN " + side("SUM(`value`) AS total", ">=") +
           " r\nON l.key = r.key AND l.window_start = r.window_start"
           " AND l.window_end = r.window_end;\n";
}

// Canonical sizes, or a two-thousandth of them.
class Cases {
  public:
    explicit Cases(bool is_tiny) : is_tiny_(is_tiny) {}

    [[nodiscard]] std::vector<QueryCase> queries() const {
        std::vector<QueryCase> queries;
        for (const RecordCase& of : cases_)
            queries.push_back(query_of(of));
        return queries;
    }

    // `seconds` of event time in all.
    RecordCase& add(std::string bench,
                    std::size_t millions,
                    std::size_t keys,
                    std::size_t seconds) {
        constexpr std::size_t kTinyPart = 2'000;
        RecordCase query;
        query.bench = std::move(bench);
        query.variant = keys_text(keys);
        query.stream.count = millions * 1'000'000 / (is_tiny_ ? kTinyPart : 1);
        query.stream.keys = is_tiny_ && keys > 10'000 ? keys / kTinyPart : keys;
        query.stream.per_second = query.stream.count / seconds;
        cases_.push_back(std::move(query));
        return cases_.back();
    }

  private:
    bool is_tiny_;
    std::vector<RecordCase> cases_;
};

void make_aggregate(RecordCase& query) {
    query.sql = aggregate_sql(kRecordsTable, "ts");
    query.by_hand = [keys = query.stream.keys](const RecordBytes& bytes,
                                               by_hand::Results& results) {
        by_hand::aggregate(bytes.records(), keys, results);
    };
    query.oracle = oracle::aggregate;
}

void add_aggregates(Cases& cases) {
    for (const std::size_t keys : kKeys)
        make_aggregate(cases.add("aggregate", 16, keys, 2));
    RecordCase& memory = cases.add("memory", 20, 10'000'000, 1);
    memory.sql = count_and_sum_sql(tumble_of("ts"));
    memory.stream.takes_keys_in_turn = true;
    memory.bytes_per_key_max = 64;
    memory.by_hand = [keys = memory.stream.keys](const RecordBytes& bytes,
                                                 by_hand::Results& results) {
        by_hand::count_and_sum(bytes.records(), keys, results);
    };
    memory.oracle = oracle::count_and_sum;
}

void add_texts(Cases& cases) {
    RecordCase& json = cases.add("json", 4, 10'000, 2);
    json.format = WireFormat::kJson;
    json.sql = aggregate_sql(kJsonTable, "rt");
    json.oracle = oracle::aggregate;
    json.by_hand = [keys = json.stream.keys](const RecordBytes& bytes, by_hand::Results& results) {
        by_hand::aggregate_json(bytes.text(), keys, results);
    };
    RecordCase& csv = cases.add("csv", 4, 10'000, 2);
    csv.format = WireFormat::kCsv;
    csv.sql = aggregate_sql(kCsvTable, "rt");
    csv.oracle = oracle::aggregate;
    csv.by_hand = [keys = csv.stream.keys](const RecordBytes& bytes, by_hand::Results& results) {
        by_hand::aggregate_csv(bytes.text(), keys, results);
    };
}

void add_filter_and_hop(Cases& cases) {
    RecordCase& filter = cases.add("filter", 16, 10'000, 2);
    filter.variant = "1 of 10";
    filter.sql = filter_sql();
    filter.oracle = [](const StreamSpec& spec) { return oracle::filter(spec, kFilterMin); };
    filter.by_hand = [](const RecordBytes& bytes, by_hand::Results& results) {
        by_hand::filter(bytes.records(), kFilterMin, results);
    };
    RecordCase& hop = cases.add("hop", 16, 10'000, 120);
    hop.variant += ", 60 s by 1 s";
    hop.sql = count_and_sum_sql(
        "TABLE(HOP(TABLE records, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '60' SECOND))");
    hop.oracle = [](const StreamSpec& spec) { return oracle::hop(spec, kHopSeconds); };
    hop.by_hand = [keys = hop.stream.keys](const RecordBytes& bytes, by_hand::Results& results) {
        by_hand::hop(bytes.records(), keys, kHopSeconds, results);
    };
}

void add_large_states(Cases& cases) {
    for (const std::size_t keys : kManyKeys) {
        RecordCase& query = cases.add("distinct", 16, keys, 2);
        query.sql = distinct_sql();
        query.oracle = oracle::distinct;
        query.by_hand = [keys = query.stream.keys](const RecordBytes& bytes,
                                                   by_hand::Results& results) {
            by_hand::distinct(bytes.records(), keys, results);
        };
    }
    for (const std::size_t keys : kManyKeys) {
        RecordCase& query = cases.add("window_join", 16, keys, 2);
        query.sql = window_join_sql();
        query.oracle = [](const StreamSpec& spec) { return oracle::window_join(spec, kJoinSplit); };
        query.by_hand = [keys = query.stream.keys](const RecordBytes& bytes,
                                                   by_hand::Results& results) {
            by_hand::window_join(bytes.records(), keys, kJoinSplit, results);
        };
    }
}

// What a window's length costs a row: few keys, so that results are nothing beside the rows.
void add_slides(Cases& cases) {
    struct Length {
        std::string_view variant;
        std::string_view size;
        std::size_t seconds;
    };

    for (const Length& length : {Length{"1 s, tumbling", "'1' SECOND", 1},
                                 Length{"60 s by 1 s", "'60' SECOND", 60},
                                 Length{"3,600 s by 1 s", "'1' HOUR", 3'600}}) {
        RecordCase& query = cases.add("slide", 4, 10, 40);
        query.variant = length.variant;
        const std::string hop =
            "TABLE(HOP(TABLE records, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL " +
            std::string(length.size) + "))";
        query.sql = count_and_sum_sql(length.seconds == 1 ? tumble_of("ts") : hop);
        query.oracle = [seconds = length.seconds](const StreamSpec& spec) {
            return oracle::hop(spec, seconds);
        };
        query.by_hand = [keys = query.stream.keys, seconds = length.seconds](
                            const RecordBytes& bytes, by_hand::Results& results) {
            by_hand::hop(bytes.records(), keys, seconds, results);
        };
    }
}

// The aggregate again, by how unlike the keys are.
void add_skews(Cases& cases) {
    constexpr std::size_t kSkewKeys = 10'000;
    for (const double exponent : {0.0, 0.8, 1.2}) {
        RecordCase& query = cases.add("skew", 8, kSkewKeys, 2);
        query.stream.zipf = exponent;
        query.variant = exponent == 0 ? "Zipf 0" : exponent < 1 ? "Zipf 0.8" : "Zipf 1.2";
        make_aggregate(query);
    }
    RecordCase& query = cases.add("skew", 8, kSkewKeys, 2);
    query.stream.has_hot_key = true;
    query.variant = "one hot key";
    make_aggregate(query);
}

}  // namespace

std::vector<QueryCase> record_queries(const MeasureOptions& options) {
    Cases cases(options.is_tiny);
    add_aggregates(cases);
    add_texts(cases);
    add_filter_and_hop(cases);
    add_large_states(cases);
    add_slides(cases);
    add_skews(cases);
    return cases.queries();
}

}  // namespace thalweg::bench
