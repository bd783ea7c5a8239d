#include "bench/network/wire_query.h"

#include "bench/by_hand/receiver.h"
#include "bench/network/engine_on_wire.h"
#include "bench/network/sender.h"
#include "bench/oracle.h"
#include "bench/state_folder.h"
#include "bench/stopwatch.h"
#include "engine/run/cpu.h"
#include "ingest/packet_counter.h"
#include "ingest/socket.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace thalweg::bench {

namespace {

using Kind = load::Address::Kind;

constexpr std::size_t kDatagramBytes = 1'400;
constexpr std::size_t kDatagramRecords = kDatagramBytes / sizeof(Record);
constexpr double kPatientRate = 2e6;  // Records a second that no receiver loses.
constexpr int kAttempts = 3;

std::string table_of(const WireQuery& query, Keeps keeps) {
    const std::string with =
        std::string(" WITH ('connector' = '") +
        (query.transport == Transport::kTcp ? "tcp" : "udp") + "', 'address' = '127.0.0.1:0', " +
        (keeps == Keeps::kJournal ? "'durability' = 'journal', " : "") + "'format' = ";
    if (query.format == WireFormat::kRawStruct) {
        return "CREATE TABLE records (ts TIMESTAMP(3), key BIGINT, `value` BIGINT, extra BIGINT,\n"
               "    WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND)" +
               with + "'raw-struct');\n";
    }
    const bool is_json = query.format == WireFormat::kJson;
    return std::string("CREATE TABLE records (ts BIGINT, key BIGINT, `value` BIGINT, extra ") +
           (is_json ? "STRING" : "BIGINT") +
           ",\n    rt AS TO_TIMESTAMP_LTZ(ts, 3),"
           " WATERMARK FOR rt AS rt - INTERVAL '0.001' SECOND)" +
           with + (is_json ? "'json');\n" : "'csv');\n");
}

std::string sql_of(const WireQuery& query, Keeps keeps) {
    if (query.given) {
        constexpr std::string_view kStandIn = "'connector' = 'stdin'";
        std::string sql = query.given->sql;
        return sql.replace(
            sql.find(kStandIn), kStandIn.size(), "'connector' = 'tcp', 'address' = '127.0.0.1:0'");
    }
    const std::string time = query.format == WireFormat::kRawStruct ? "ts" : "rt";
    return table_of(query, keeps) +
           "CREATE TABLE results (window_end TIMESTAMP(3), key BIGINT, n BIGINT, total BIGINT,\n"
           "    low BIGINT, high BIGINT) WITH ('connector' = 'blackhole');\n"
           "INSERT INTO results\n"
           "SELECT window_end, key, COUNT(*), SUM(`value`), MIN(`value`), MAX(`value`)\n"
           "FROM TABLE(TUMBLE(TABLE records, DESCRIPTOR(" +
           time + "), INTERVAL '1' SECOND))\nGROUP BY window_start, window_end, key;\n";
}

// Whether the kernel says how many datagrams arrived, merged or not.
bool counts_datagrams() {
    const Result<Descriptor> probe = open_socket(AF_INET, SOCK_DGRAM);
    return probe && PacketCounter::attach(probe->get()).has_value();
}

// What one run came to.
struct Run {
    Cost cost;
    std::uint64_t rows = 0;
    bool is_complete = false;  // Every record arrived.
};

class WireBench {
  public:
    [[nodiscard]] static Result<std::unique_ptr<WireBench>> make(const WireQuery& query) {
        std::unique_ptr<Input> input;
        if (query.given) {
            TRY(input, query.given->make_input());
        } else {
            input = std::make_unique<RecordBytes>(query.stream, query.format);
        }
        input->restart(query.stream.count);
        TRY(auto file, file_of(*input));
        return std::unique_ptr<WireBench>(new WireBench(query, std::move(file)));
    }

    [[nodiscard]] Result<void> check() const {
        StreamSpec checked = query_.stream;
        checked.count = query_.check_records;
        CheckSum expected;
        if (query_.given) {
            TRY(expected, query_.given->oracle());
        } else {
            expected = oracle::aggregate(checked);
        }
        CheckSum found;
        TRY_VOID(complete([&] {
            found = {};
            return run_engine(query_.keeps, query_.check_records, kPatientRate, &found);
        }));
        TRY_VOID(compare("the query", found, expected));
        if (query_.keeps != Keeps::kNothing) return {};
        TRY_VOID(complete([&]() -> Result<Run> {
            by_hand::Results results(true);
            TRY(const Run run, run_by_hand(query_.check_records, kPatientRate, results));
            found = results.sum();
            return run;
        }));
        return compare("by hand", found, expected);
    }

    [[nodiscard]] Result<Cost> time_engine() {
        const std::uint64_t before = bytes_written();
        TRY(const Run run, run_engine(query_.keeps, query_.stream.count, 0, nullptr));
        written_bytes_ += static_cast<double>(bytes_written() - before);
        written_in_ns_ += run.cost.wall_ns;
        TRY_VOID(compare_rows(run));
        return run.cost;
    }

    [[nodiscard]] Result<Cost> time_without_state() {
        TRY(const Run run, run_engine(Keeps::kNothing, query_.stream.count, 0, nullptr));
        TRY_VOID(compare_rows(run));
        return run.cost;
    }

    // While it kept something, those sent to the rival's and its own sockets left out.
    [[nodiscard]] double written_bytes_per_s() const {
        return written_in_ns_ == 0 ? 0 : written_bytes_ / written_in_ns_ * 1e9;
    }

    [[nodiscard]] Result<Cost> time_by_hand() {
        by_hand::Results results(false);
        TRY(const Run run, run_by_hand(query_.stream.count, 0, results));
        TRY_VOID(compare_rows(run));
        return run.cost;
    }

    [[nodiscard]] double bytes_per_record() const {
        return static_cast<double>(file_->bytes().size()) /
               static_cast<double>(query_.stream.count);
    }

  private:
    WireBench(const WireQuery& query, std::shared_ptr<const load::LoadedFile> file)
        : query_(query),
          file_(std::move(file)),
          is_datagram_(query.transport == Transport::kUdp),
          counts_datagrams_(is_datagram_ && counts_datagrams()) {}

    [[nodiscard]] load::LoadOptions options_to(std::uint16_t port,
                                               std::size_t records,
                                               double rate) const {
        load::LoadOptions options;
        options.target = loopback(is_datagram_ ? Kind::kUdp : Kind::kTcp, port);
        options.file = file_;
        const bool is_binary = query_.format == WireFormat::kRawStruct;
        options.layout.framing = is_binary ? load::Framing::kFixed : load::Framing::kNewline;
        options.layout.wire = options.layout.framing;
        options.layout.record_bytes = is_binary ? record_bytes() : 0;
        options.count = records;
        options.rate = is_datagram_ ? rate : 0;
        options.datagram_bytes = kDatagramBytes;
        options.close_timeout_ns = 60'000'000'000;
        return options;
    }

    [[nodiscard]] std::size_t record_bytes() const {
        return file_->bytes().size() / query_.stream.count;
    }

    // Runs until nothing is lost, which only datagrams may be.
    template <class RunOnce>
    static Result<void> complete(const RunOnce& run_once) {
        for (int i = 0; i < kAttempts; ++i) {
            TRY(const Run run, run_once());
            if (run.is_complete) return {};
        }
        return fail(Code::kIo, "records are lost even when they come slowly");
    }

    [[nodiscard]] Result<Run> run_engine(Keeps keeps,
                                         std::size_t records,
                                         double rate,
                                         CheckSum* sum) const {
        std::unique_ptr<StoreOfRun> kept;
        if (keeps != Keeps::kNothing) {
            TRY(kept, StoreOfRun::make(query_.may_be_memory));
        }
        Store* const store = kept == nullptr ? nullptr : &kept->store();
        TRY(const auto engine, EngineOnWire::start(sql_of(query_, keeps), {sum, false, store}));
        const Stopwatch watch;
        Sender sender(options_to(engine->input_port(), records, rate));
        TRY(const Sent sent, sender.finish());
        TRY(const QueryTotals totals, engine->stop());
        Run run{watch.stop(totals.rows_in), totals.rows_out, totals.rows_in == records};
        run.cost.cpu_ns -= sent.cpu_ns;
        TRY_VOID(check_balance(sent.summary.totals, totals));
        return run;
    }

    [[nodiscard]] Result<void> check_balance(const load::Totals& sent,
                                             const QueryTotals& totals) const {
        const bool is_complete = totals.rows_in == sent.records;
        if (is_complete && totals.kernel_dropped == 0) return {};
        // Whoever sends as fast as it goes fills every datagram.
        const std::uint64_t datagrams = totals.rows_in / kDatagramRecords + totals.kernel_dropped;
        const bool is_known = counts_datagrams_ && totals.rows_in % kDatagramRecords == 0;
        const bool is_fine = is_datagram_ && !is_complete &&
                             (is_known ? datagrams == sent.datagrams : datagrams <= sent.datagrams);
        if (is_fine) return {};
        return fail(Code::kInvalid,
                    name() + ": sent " + std::to_string(sent.records) + " records in " +
                        std::to_string(sent.datagrams) + " datagrams, received " +
                        std::to_string(totals.rows_in) + ", dropped " +
                        std::to_string(totals.kernel_dropped));
    }

    [[nodiscard]] Result<Run> run_by_hand(std::size_t records,
                                          double rate,
                                          by_hand::Results& results) const {
        using by_hand::Receiver;
        Receiver receiver(is_datagram_ ? Receiver::Kind::kUdp : Receiver::Kind::kTcp);
        const std::size_t keys = query_.stream.keys;
        std::atomic<bool> is_over{false};
        std::size_t received = records;
        const Stopwatch watch;
        std::thread thread([&] {
            if (const auto cpu = WirePlaces::find().receiver) static_cast<void>(pin_thread(*cpu));
            if (is_datagram_) {
                received = receiver.aggregate_datagrams(is_over, keys, results);
            } else if (query_.given) {
                by_hand::StreamInput input(receiver, record_bytes(), records * record_bytes());
                query_.given->by_hand(input, results);
            } else {
                receiver.aggregate_stream(query_.format, keys, results);
            }
        });
        Sender sender(options_to(receiver.port(), records, rate));
        const Result<Sent> sent = sender.finish();
        is_over.store(true, std::memory_order_release);  // Release: edge to aggregate_datagrams().
        thread.join();
        if (!sent) return tl::make_unexpected(sent.error());
        Run run{watch.stop(received), results.rows(), received == records};
        run.cost.cpu_ns -= sent->cpu_ns;
        return run;
    }

    [[nodiscard]] Result<void> compare(std::string_view side,
                                       const CheckSum& found,
                                       const CheckSum& expected) const {
        if (found.matches(expected)) return {};
        return fail(Code::kInvalid,
                    name() + ", " + std::string(side) + ": " + std::to_string(found.rows()) +
                        " rows with the sum " + std::to_string(found.sum()) + ", expected " +
                        std::to_string(expected.rows()) + " with " +
                        std::to_string(expected.sum()));
    }

    // Of full runs that lost nothing: all must give the same number.
    [[nodiscard]] Result<void> compare_rows(const Run& run) {
        if (!run.is_complete) return {};
        if (!rows_) rows_ = run.rows;
        if (run.rows == *rows_) return {};
        return fail(
            Code::kInvalid,
            name() + ": " + std::to_string(run.rows) + " rows after " + std::to_string(*rows_));
    }

    [[nodiscard]] std::string name() const { return query_.bench + ", " + query_.variant; }

    const WireQuery& query_;
    std::shared_ptr<const load::LoadedFile> file_;
    bool is_datagram_;
    bool counts_datagrams_;
    std::optional<std::uint64_t> rows_;
    double written_bytes_ = 0;
    double written_in_ns_ = 0;
};

// Passes for at least so much processor time.
Result<Cost> time(WireBench& bench, Result<Cost> (WireBench::*pass)(), double seconds) {
    Cost sum;
    do {
        TRY(const Cost cost, (bench.*pass)());
        sum += cost;
    } while (sum.cpu_ns < seconds * 1e9);
    return sum;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

Result<Figures> measure(const WireQuery& query, const MeasureOptions& options) {
    TRY(const std::unique_ptr<WireBench> bench, WireBench::make(query));
    TRY_VOID(bench->check());
    const double seconds = options.is_tiny ? 0 : options.seconds;
    std::vector<double> ns, by_hand_ns, rate, by_hand_rate, cores;
    const auto rate_of = [](const Cost& cost) {
        return static_cast<double>(cost.records) / cost.wall_ns * 1e9;
    };
    for (std::size_t i = 0; i < (options.is_tiny ? 1 : options.runs); ++i) {
        TRY(const Cost of_engine, time(*bench, &WireBench::time_engine, seconds));
        TRY(const Cost of_hand,
            time(*bench,
                 query.keeps == Keeps::kNothing ? &WireBench::time_by_hand
                                                : &WireBench::time_without_state,
                 seconds));
        ns.push_back(of_engine.cpu_ns_per_record());
        rate.push_back(rate_of(of_engine));
        cores.push_back(of_engine.cpu_ns / of_engine.wall_ns);
        by_hand_ns.push_back(of_hand.cpu_ns_per_record());
        by_hand_rate.push_back(rate_of(of_hand));
    }
    Figures figures;
    figures.bench = query.bench;
    figures.variant = query.variant;
    figures.bytes_per_record = bench->bytes_per_record();
    figures.records_per_s = median(rate);
    figures.ns_per_record = median(ns);
    figures.cores = median(cores);
    figures.by_hand_ns_per_record = median(by_hand_ns);
    figures.by_hand_records_per_s = median(by_hand_rate);
    if (query.keeps != Keeps::kNothing) {
        figures.epochs.emplace();
        figures.epochs->written_bytes_per_s = bench->written_bytes_per_s();
    }
    return figures;
}

}  // namespace

Workload workload_of(WireQuery query) {
    auto shared = std::make_shared<const WireQuery>(std::move(query));
    return {shared->bench, shared->variant, [shared](const MeasureOptions& options) {
                return measure(*shared, options);
            }};
}

}  // namespace thalweg::bench
