#include "state/text/duration.h"
#include "state/text/number.h"
#include "tools/command.h"
#include "tools/load/durable_load.h"
#include "tools/load/load.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>

namespace thalweg {

namespace {

using load::Framing;
using load::LoadOptions;
using load::WireFormat;

std::atomic<bool> is_stopping{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

void on_stop_signal(int signal) {
    if (is_stopping.exchange(true, std::memory_order_relaxed)) _exit(128 + signal);
}

void handle_signals() {
    struct sigaction action{};
    action.sa_handler = on_stop_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
}

struct LoadFlags {
    std::string to;
    std::string file;
    std::string generate;
    bool generates = false;
    std::string format;
    std::string framing;
    std::string send_framing;
    std::size_t record_bytes = 0;
    std::string rate;
    std::string count;
    std::string duration;
    std::string pack;
    std::string connect_timeout = "5s";
    std::string close_timeout = "5s";
    std::string results;
    std::string results_format = "json";
    std::string results_timeout = "2s";
    bool is_json = false;
    bool is_durable = false;
    std::string give_up = "60s";
    std::string retain = "64mb";
    load::DurableOptions durable;
    LoadOptions options;
};

// "2.5M" and the like: a number, and k, M or G for thousands, millions, milliards.
std::optional<double> parse_quantity(std::string_view text) {
    double factor = 1;
    if (!text.empty()) {
        const char unit = text.back();
        if (unit == 'k' || unit == 'K') factor = 1e3;
        if (unit == 'm' || unit == 'M') factor = 1e6;
        if (unit == 'g' || unit == 'G') factor = 1e9;
        if (factor > 1) text.remove_suffix(1);
    }
    const auto value = parse_double(text);
    if (!value || !(*value > 0) || *value > 1e15) return std::nullopt;
    return *value * factor;
}

// Seconds where there is no unit, as the usage says: "10", "0.5", "500ms".
std::optional<std::int64_t> parse_seconds(std::string_view text) {
    constexpr double kSecondsMax = 1e9;
    if (const auto seconds = parse_double(text)) {
        if (!(*seconds >= 0) || *seconds > kSecondsMax) return std::nullopt;
        return static_cast<std::int64_t>(*seconds * 1e9);
    }
    return parse_duration_ns(text);
}

tl::unexpected<Error> wrong(const std::string& option,
                            const std::string& expected,
                            const std::string& found) {
    return fail(Code::kInvalid, option + " expects " + expected + ", found '" + found + "'");
}

Result<void> read_duration(const std::string& option,
                           const std::string& text,
                           std::int64_t& nanos) {
    if (text.empty()) return {};
    const auto value = parse_seconds(text);
    if (!value) return wrong(option, "seconds, or a duration such as 500ms", text);
    nanos = *value;
    return {};
}

WireFormat wire_format_of(const std::string& name) {
    if (name == "csv") return WireFormat::kCsv;
    return name == "raw-struct" ? WireFormat::kRawStruct : WireFormat::kJson;
}

Framing framing_of(const std::string& name) {
    static const std::map<std::string, Framing> kFramings = {
        {"newline", Framing::kNewline},
        {"length-prefixed", Framing::kLengthPrefixed},
        {"fixed", Framing::kFixed},
        {"none", Framing::kNone}};
    return kFramings.at(name);
}

// How the file is cut and how its records are framed on the wire.
Result<void> read_layout(const LoadFlags& flags, LoadOptions& options) {
    const bool is_fixed = flags.framing.empty() && flags.format == "raw-struct";
    load::FileLayout& layout = options.layout;
    layout.framing = framing_of(is_fixed                ? "fixed"
                                : flags.framing.empty() ? "newline"
                                                        : flags.framing);
    layout.record_bytes = flags.record_bytes;
    if (layout.framing == Framing::kFixed && flags.record_bytes == 0) {
        return fail(Code::kInvalid, "records of fixed size need --record-bytes N");
    }
    const bool is_alone = options.one_per_datagram && layout.framing == Framing::kNewline;
    layout.wire = flags.send_framing.empty() ? (is_alone ? Framing::kNone : layout.framing)
                                             : framing_of(flags.send_framing);
    const bool needs_none = layout.wire == Framing::kNone && !options.one_per_datagram;
    if (needs_none) {
        return fail(Code::kInvalid, "--send-framing none needs --one-per-datagram");
    }
    return {};
}

Result<void> read_records(const LoadFlags& flags, LoadOptions& options) {
    if (!flags.generates) {
        TRY_VOID(read_layout(flags, options));
        TRY(options.file, load::LoadedFile::open(flags.file));
        return load::check_layout(options.file->bytes(), options.layout);
    }
    if (!flags.framing.empty() || !flags.send_framing.empty() || options.layout.loops) {
        return fail(Code::kInvalid, "--framing, --send-framing and --loop go with --file");
    }
    if (flags.format == "raw") {
        return fail(Code::kInvalid, "--generate makes json, csv or raw-struct records, not raw");
    }
    TRY(options.generate, load::parse_generator_spec(flags.generate, wire_format_of(flags.format)));
    // A paced load is there to be measured.
    if (!options.generate.has_extra && options.rate > 0) {
        options.generate.extra = load::ExtraField::kTime;
    }
    return {};
}

Result<void> read_limits(const LoadFlags& flags, LoadOptions& options) {
    if (!flags.rate.empty()) {
        const auto rate = parse_quantity(flags.rate);
        if (!rate) return wrong("--rate", "records a second such as 5000 or 2.5M", flags.rate);
        options.rate = *rate;
    }
    if (!flags.count.empty()) {
        const auto count = parse_quantity(flags.count);
        if (!count) return wrong("--count", "a count such as 1000 or 10M", flags.count);
        options.count = static_cast<std::uint64_t>(*count);
    }
    TRY_VOID(read_duration("--duration", flags.duration, options.duration_ns));
    if (!parse_size_bytes(flags.retain)) {
        return wrong("--retain", "a size such as 64mb", flags.retain);
    }
    std::int64_t ignored = 0;
    TRY_VOID(read_duration("--give-up", flags.give_up, ignored));
    TRY_VOID(read_duration("--pack", flags.pack, options.pack_ns));
    TRY_VOID(read_duration("--connect-timeout", flags.connect_timeout, options.connect_timeout_ns));
    TRY_VOID(read_duration("--close-timeout", flags.close_timeout, options.close_timeout_ns));
    return read_duration("--results-timeout", flags.results_timeout, options.results_timeout_ns);
}

Result<void> check_durable(const LoadFlags& flags, const LoadOptions& options) {
    if (options.target.kind != load::Address::Kind::kTcp) {
        return fail(Code::kInvalid, "--durable goes with --to tcp://HOST:PORT");
    }
    if (options.connections > 1 || options.threads > 1 || !flags.results.empty()) {
        return fail(Code::kInvalid,
                    "--durable is one producer: without --connections, --threads and --results");
    }
    return {};
}

Result<void> read_addresses(const LoadFlags& flags, LoadOptions& options) {
    using Kind = load::Address::Kind;
    TRY(options.target, load::parse_address(flags.to));
    if (options.target.kind == Kind::kTcpListen) {
        return fail(Code::kInvalid, "--to sends to tcp, udp or unix, not tcp-listen");
    }
    if (options.one_per_datagram && options.target.kind != Kind::kUdp) {
        return fail(Code::kInvalid, "--one-per-datagram goes with --to udp://HOST:PORT");
    }
    if (flags.is_durable) return check_durable(flags, options);
    if (flags.results.empty()) return {};
    TRY(options.results, load::parse_address(flags.results));
    if (options.results->kind == Kind::kUdp) {
        return fail(Code::kInvalid, "--results come over tcp://, tcp-listen:// or unix:, not udp");
    }
    options.result_layout.format = wire_format_of(flags.results_format);
    return {};
}

Result<LoadOptions> read_options(const LoadFlags& flags) {
    LoadOptions options = flags.options;
    if (flags.file.empty() == !flags.generates) {
        return fail(Code::kInvalid, "say what to send: either --file FILE or --generate SPEC");
    }
    TRY_VOID(read_addresses(flags, options));
    TRY_VOID(read_limits(flags, options));
    TRY_VOID(read_records(flags, options));
    return options;
}

// The progress line replaces itself; what follows it starts on a line of its own.
class ProgressLine {
  public:
    ProgressLine() : is_shown_(::isatty(STDERR_FILENO) != 0) {}

    void show(const std::string& text) {
        if (!is_shown_) return;
        std::fputs(("\r\x1b[K" + text).c_str(), stderr);
        std::fflush(stderr);
        has_text_ = true;
    }

    void clear() {
        if (has_text_) std::fputs("\r\x1b[K", stderr);
        has_text_ = false;
    }

  private:
    bool is_shown_;
    bool has_text_ = false;
};

int run_durable(const LoadFlags& flags, const LoadOptions& options) {
    load::DurableOptions durable = flags.durable;
    durable.retain_bytes = parse_size_bytes(flags.retain).value_or(durable.retain_bytes);
    durable.give_up_ns = parse_seconds(flags.give_up).value_or(durable.give_up_ns);
    ProgressLine line;
    const auto summary = load::run_durable_load(
        options, durable, is_stopping, [&](const auto& totals, std::int64_t elapsed_ns) {
            line.show(load::progress_text(totals, elapsed_ns));
        });
    line.clear();
    if (!summary) {
        print_error("load: " + summary.error().message);
        return summary.error().code == Code::kInvalid ? kExitUsage : kExitFailed;
    }
    if (!summary->problem.empty()) print_error("load: " + summary->problem);
    std::fputs(load::to_text(*summary).c_str(), stderr);
    if (flags.is_json) std::fputs(load::to_json(*summary).c_str(), stdout);
    return summary->is_complete ? kExitDone : kExitFailed;
}

int run(const LoadFlags& flags) {
    const auto options = read_options(flags);
    if (!options) {
        print_error("load: " + options.error().message);
        return kExitUsage;
    }
    handle_signals();
    if (flags.is_durable) return run_durable(flags, *options);
    ProgressLine line;
    const auto summary =
        load::run_load(*options, is_stopping, [&](const auto& totals, std::int64_t elapsed_ns) {
            line.show(load::progress_text(totals, elapsed_ns));
        });
    line.clear();
    if (!summary) {
        print_error("load: " + summary.error().message);
        return summary.error().code == Code::kInvalid ? kExitUsage : kExitFailed;
    }
    for (const std::string& problem : summary->problems)
        print_error("load: " + problem);
    std::fputs(load::to_text(*summary).c_str(), stderr);
    if (flags.is_json) std::fputs(load::to_json(*summary).c_str(), stdout);
    return summary->totals.errors == 0 ? kExitDone : kExitFailed;
}

void add_sending(CLI::App& command, LoadFlags& flags) {
    command.add_option("--to", flags.to, "tcp://HOST:PORT, udp://HOST:PORT or unix:PATH")
        ->required()
        ->type_name("ADDRESS");
    command.add_option("--connections", flags.options.connections, "Sockets that share the load")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
        ->type_name("N");
    command.add_option("--threads", flags.options.threads, "Threads that share the sockets")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1024}))
        ->type_name("N");
    command.add_option("--rate", flags.rate, "Records a second, of all sockets: 5000, 2.5M")
        ->type_name("R");
    command.add_option("--count", flags.count, "Stop after so many records")->type_name("N");
    command.add_option("--duration", flags.duration, "Stop after so many seconds")->type_name("S");
    command
        .add_option("--datagram-bytes",
                    flags.options.datagram_bytes,
                    "UDP: whole records are packed up to so many bytes (1400)")
        ->check(CLI::Range(std::size_t{1}, std::size_t{65'507}))
        ->type_name("N");
    command.add_flag("--one-per-datagram",
                     flags.options.one_per_datagram,
                     "UDP: a record each, without its line end");
    command.add_option("--pack", flags.pack, "How long a due record may wait for company")
        ->type_name("DURATION");
    command
        .add_option("--connect-timeout", flags.connect_timeout, "Try to connect for so long (5s)")
        ->type_name("DURATION");
    command
        .add_option("--close-timeout", flags.close_timeout, "Wait for peers to close so long (5s)")
        ->type_name("DURATION");
}

void add_durable(CLI::App& command, LoadFlags& flags) {
    command.add_flag("--durable",
                     flags.is_durable,
                     "To a table with 'durability' = 'epoch': ends when all is acknowledged");
    command
        .add_option("--session",
                    flags.durable.session,
                    "Of a producer that goes on: 32 hexadecimal digits (drawn, ended at the end)")
        ->type_name("HEX");
    command
        .add_option("--session-epoch",
                    flags.durable.session_epoch,
                    "Higher than that of the process before, which it fences (0)")
        ->type_name("N");
    command
        .add_option("--last-acked",
                    flags.durable.last_acked,
                    "So many of the records were acknowledged to the process before (0)")
        ->type_name("N");
    command
        .add_option(
            "--retain", flags.retain, "Keep so much that is not acknowledged, then wait (64mb)")
        ->type_name("SIZE");
    command
        .add_option("--give-up", flags.give_up, "Fail without an acknowledgement for so long (60s)")
        ->type_name("DURATION");
}

void add_records(CLI::App& command, LoadFlags& flags) {
    command
        .add_option("--file", flags.file, "Replay the records of a file; - reads standard input")
        ->type_name("FILE");
    command.add_flag("--loop", flags.options.layout.loops, "Start the file over at its end");
    command
        .add_option_function<std::string>(
            "--generate",
            [&flags](const std::string& text) {
                flags.generate = text;
                flags.generates = true;
            },
            "Make records: keys=100,distribution=uniform,... (below)")
        ->type_name("SPEC");
    command.add_option("--format", flags.format, "json (default), csv, raw-struct; files also raw")
        ->check(CLI::IsMember({"json", "csv", "raw-struct", "raw"}));
    command
        .add_option("--record-bytes", flags.record_bytes, "Of records of a fixed size in a file")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    command
        .add_option("--framing",
                    flags.framing,
                    "How records lie in the file: newline, length-prefixed or fixed")
        ->check(CLI::IsMember({"newline", "length-prefixed", "fixed"}));
    command
        .add_option(
            "--send-framing", flags.send_framing, "How they are sent, if not as in the file")
        ->check(CLI::IsMember({"newline", "length-prefixed", "fixed", "none"}));
}

void add_measuring(CLI::App& command, LoadFlags& flags) {
    load::ResultLayout& layout = flags.options.result_layout;
    command
        .add_option(
            "--results",
            flags.results,
            "Where results come from: tcp://HOST:PORT, unix:PATH, or tcp-listen://HOST:PORT")
        ->type_name("ADDRESS");
    command.add_option("--results-format", flags.results_format, "json (default), csv, raw-struct")
        ->check(CLI::IsMember({"json", "csv", "raw-struct"}));
    command
        .add_option("--send-time-field",
                    layout.time_field,
                    "json: the field that carries the send time back (extra)")
        ->type_name("NAME");
    command
        .add_option("--send-time-column",
                    layout.time_column,
                    "csv, raw-struct (8-byte columns): its column, from 1 (4)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    command
        .add_option("--results-record-bytes", layout.record_bytes, "raw-struct: of a result (32)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    command
        .add_option(
            "--results-timeout", flags.results_timeout, "End when none came for so long (2s)")
        ->type_name("DURATION");
    command.add_flag("--json", flags.is_json, "Print the summary to standard output as JSON");
}

constexpr const char* kFooter =
    "SPEC, comma-separated, every part optional:\n"
    "  keys=N                   keys 0 to N - 1 (100)\n"
    "  distribution=uniform     or zipf:EXPONENT, with key 0 the most frequent\n"
    "  values=MIN..MAX          (0..999)\n"
    "  disorder=DURATION        event times up to so much earlier (0)\n"
    "  lateness=FRACTION:DURATION  so many records earlier by so much (0)\n"
    "  payload=N                letters in a fifth field (0)\n"
    "  step=DURATION            event time from record to record (with --rate: as they are sent;\n"
    "                           without: the clock)\n"
    "  start=MILLISECONDS       event time of the first record, since 1970 (now)\n"
    "  extra=time|index|zero    the field extra: intended send time in ns since 1970 (with "
    "--rate),\n"
    "                           a running number, or 0 (without)\n"
    "  seed=N                   (1)\n"
    "Records are (ts, key, value, extra[, payload]): ts TIMESTAMP(3), the others BIGINT, payload\n"
    "CHAR(N). raw-struct: 32 + N bytes, little-endian.\n"
    "\n"
    "Sending is open-loop: with --rate every record has an instant at which it is meant to leave,\n"
    "whatever became of those before. Late ones are sent late and counted, none is skipped, and\n"
    "latency counts from the intended instant.\n"
    "\n"
    "SIGINT or SIGTERM: sends what was begun, closes, reports; a second one exits at once.\n"
    "Exit status: 0 all was sent (--durable: acknowledged), 1 a connection failed, datagrams were\n"
    "refused or records not acknowledged, 2 the command line is wrong.";

}  // namespace

void add_load_command(CLI::App& app, CommandBody& body) {
    auto flags = std::make_shared<LoadFlags>();
    CLI::App* const command =
        app.add_subcommand("load", "Send records over sockets, and measure latency");
    command->footer(kFooter);
    add_records(*command, *flags);
    add_sending(*command, *flags);
    add_durable(*command, *flags);
    add_measuring(*command, *flags);
    command->callback([flags, &body] { body = [flags] { return run(*flags); }; });
}

}  // namespace thalweg
