#include "tools/load/durable_load.h"

#include "ingest/producer_client.h"
#include "state/base/assertion.h"
#include "state/text/json.h"
#include "tools/load/clock.h"
#include "tools/load/record_stream.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace thalweg::load {

namespace {

constexpr std::int64_t kNapNs = 10'000'000;
constexpr std::int64_t kProgressEveryNs = 500'000'000;
constexpr std::uint64_t kTakeRecords = 256;
constexpr std::size_t kTakeBytes = 64 * 1024;
constexpr std::size_t kPrefixBytes = sizeof(std::uint32_t);

// The address was read: this is a number.
std::uint16_t port_of(const Address& address) {
    std::uint16_t port = 0;
    for (const char digit : address.port)
        port = static_cast<std::uint16_t>(port * 10 + (digit - '0'));
    return port;
}

Result<SessionId> session_of(const DurableOptions& durable) {
    SessionId id;
    if (durable.session.empty()) {
        if (::getrandom(id.bytes.data(), id.bytes.size(), 0) == sizeof id.bytes) return id;
        return fail(Code::kIo, "the system gives no random bytes for a session");
    }
    const std::optional<SessionId> found = SessionId::from_hex(durable.session);
    if (found) return *found;
    return fail(Code::kInvalid,
                "a session is 32 hexadecimal digits, not '" + durable.session + "'");
}

std::uint64_t seed_of(const SessionId& id) {
    std::uint64_t seed = 0;
    std::memcpy(&seed, id.bytes.data(), sizeof seed);
    return seed;
}

RecordStream stream_of(const LoadOptions& options, const Schedule& schedule) {
    if (options.file == nullptr) return RecordStream(Generator(options.generate, {schedule}));
    return RecordStream(FileRecords(options.file, options.layout, {}));
}

// Takes records out of chunks one by one, without their framing.
class RecordCursor {
  public:
    RecordCursor(RecordStream stream, Framing framing)
        : stream_(std::move(stream)), framing_(framing) {}

    void start_at(std::int64_t unix_ns) noexcept { stream_.start_at(unix_ns); }

    // The record to be sent next; nothing at the end. At most `limit` more are taken.
    [[nodiscard]] std::optional<std::string_view> peek(std::uint64_t limit, std::int64_t now_ns) {
        if (rest_.empty()) {
            const Chunk chunk = stream_.take({std::min(limit, kTakeRecords), kTakeBytes}, now_ns);
            rest_ = {chunk.data, chunk.bytes};
        }
        if (rest_.empty()) return std::nullopt;
        return payload_of(rest_.substr(0, framed_bytes()));
    }

    void pop() { rest_.remove_prefix(framed_bytes()); }

  private:
    [[nodiscard]] std::size_t framed_bytes() const {
        if (framing_ == Framing::kFixed) return stream_.fixed_bytes();
        if (framing_ == Framing::kNewline) {
            const std::size_t end = rest_.find('\n');
            return end == std::string_view::npos ? rest_.size() : end + 1;
        }
        std::uint32_t length = 0;
        std::memcpy(&length, rest_.data(), kPrefixBytes);
        return kPrefixBytes + length;
    }

    [[nodiscard]] std::string_view payload_of(std::string_view framed) const {
        if (framing_ == Framing::kLengthPrefixed) framed.remove_prefix(kPrefixBytes);
        if (framing_ == Framing::kNewline && framed.ends_with('\n')) framed.remove_suffix(1);
        return framed;
    }

    RecordStream stream_;
    Framing framing_;
    std::string_view rest_;
};

// A durable load under way.
class DurableLoad {
  public:
    DurableLoad(const LoadOptions& options,
                const DurableOptions& durable,
                const ProducerClient::Settings& client)
        : options_(options),
          durable_(durable),
          schedule_{options.rate > 0 ? 1e9 / options.rate : 0},
          cursor_(stream_of(options, schedule_),
                  options.file != nullptr ? options.layout.wire : framing_of(options.generate)),
          client_(client) {
        cursor_.start_at(clock_.start_unix_ns());
        // What the processes before this one had acknowledged lies behind.
        skip_ = durable.last_acked;
    }

    DurableSummary run(const std::atomic<bool>& stop, const DurableProgress& progress) {
        heard_at_ns_ = clock_.elapsed_ns();
        while (!is_over()) {
            const std::int64_t now_ns = clock_.elapsed_ns();
            const bool has_taken = take(now_ns, stop);
            const bool has_moved = client_.step(now_ns);
            if (client_.counters().acknowledged != acknowledged_ || client_.is_acknowledged()) {
                acknowledged_ = client_.counters().acknowledged;
                heard_at_ns_ = now_ns;
            }
            if (now_ns >= progress_at_ns_) {
                progress_at_ns_ = now_ns + kProgressEveryNs;
                progress(totals(), now_ns);
            }
            if (!has_taken && !has_moved) client_.wait(now_ns, nap_ns(now_ns));
        }
        return summary(stop);
    }

  private:
    static Framing framing_of(const GeneratorSpec& spec) {
        return spec.format == WireFormat::kRawStruct ? Framing::kFixed : Framing::kNewline;
    }

    // Hands due records to the client, as many as it takes; returns whether any.
    bool take(std::int64_t now_ns, const std::atomic<bool>& stop) {
        // A signal handler writes it, nothing else is read because of it.
        if (stop.load(std::memory_order_relaxed) || now_ns >= options_.duration_ns)
            is_at_end_ = true;
        const std::uint64_t due = std::min(schedule_.due(now_ns), options_.count);
        bool has_taken = false;
        while (!is_at_end_ && taken_ < due) {
            const auto record = cursor_.peek(due - taken_, now_ns);
            if (!record) {
                is_at_end_ = true;
                break;
            }
            if (taken_ >= skip_) {
                const Code code = client_.append(*record);
                if (code == Code::kFull) break;
                if (code != Code::kOk) {
                    problem_ = "record " + std::to_string(taken_ + 1) +
                               " does not fit the framing or the limit of the server";
                    is_at_end_ = true;
                    break;
                }
            }
            cursor_.pop();
            ++taken_;
            has_taken = true;
        }
        if (taken_ >= options_.count) is_at_end_ = true;
        if (is_at_end_ && durable_.session.empty() && problem_.empty()) client_.end();
        return has_taken;
    }

    // Whether there is nothing left to wait for.
    bool is_over() {
        if (!client_.failure().empty() || client_.is_ended() || !problem_.empty()) return true;
        if (is_at_end_ && client_.is_acknowledged() && !durable_.session.empty()) return true;
        if (clock_.elapsed_ns() - heard_at_ns_ < durable_.give_up_ns) return false;
        problem_ = "nothing was acknowledged for too long";
        return true;
    }

    [[nodiscard]] std::int64_t nap_ns(std::int64_t now_ns) const {
        if (!schedule_.is_paced() || is_at_end_) return kNapNs;
        return std::clamp<std::int64_t>(schedule_.intended_ns(taken_) - now_ns, 0, kNapNs);
    }

    [[nodiscard]] DurableTotals totals() const {
        const ProducerClient::Counters& counters = client_.counters();
        return {counters.appended,
                counters.sent,
                counters.resent,
                counters.acknowledged,
                counters.connections};
    }

    [[nodiscard]] DurableSummary summary(const std::atomic<bool>& stop) const {
        DurableSummary summary;
        summary.totals = totals();
        summary.elapsed_ns = clock_.elapsed_ns();
        summary.was_stopped = stop.load(std::memory_order_relaxed);  // As above.
        summary.problem = client_.failure().empty() ? problem_ : client_.failure();
        summary.is_complete = summary.problem.empty() && client_.is_acknowledged();
        if (!summary.is_complete && !client_.trouble().empty()) {
            summary.problem += "; the last connection: " + client_.trouble();
        }
        return summary;
    }

    const LoadOptions& options_;
    const DurableOptions& durable_;
    LoadClock clock_;
    Schedule schedule_;
    RecordCursor cursor_;
    ProducerClient client_;
    std::uint64_t skip_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::int64_t heard_at_ns_ = 0;
    std::int64_t progress_at_ns_ = kProgressEveryNs;
    bool is_at_end_ = false;
    std::string problem_;
};

std::string grouped(std::uint64_t value) {
    std::string text = std::to_string(value);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string seconds(std::int64_t nanos) {
    std::string text = std::to_string(nanos / 1'000'000);
    if (text.size() < 4) text.insert(0, 4 - text.size(), '0');
    return text.insert(text.size() - 3, ".");
}

}  // namespace

Result<DurableSummary> run_durable_load(const LoadOptions& options,
                                        const DurableOptions& durable,
                                        const std::atomic<bool>& stop,
                                        const DurableProgress& progress) {
    ProducerClient::Settings settings;
    const HostPort where{options.target.host, port_of(options.target)};
    TRY(settings.address, thalweg::resolve(where, SOCK_STREAM));
    TRY(settings.session, session_of(durable));
    settings.session_epoch = durable.session_epoch;
    settings.last_acked = durable.last_acked;
    settings.retain_bytes = durable.retain_bytes;
    settings.seed = seed_of(settings.session);
    DurableLoad load(options, durable, settings);
    DurableSummary summary = load.run(stop, progress);
    summary.session = settings.session.to_hex();
    return summary;
}

std::string to_text(const DurableSummary& summary) {
    const DurableTotals& totals = summary.totals;
    std::string out = "session " + summary.session + ": " + grouped(totals.records) + " records, " +
                      grouped(totals.sent) + " sent, " + grouped(totals.resent) + " resent, " +
                      grouped(totals.acknowledged) + " acknowledged, " +
                      grouped(totals.connections) + " connections in " +
                      seconds(summary.elapsed_ns) + " s";
    if (summary.was_stopped) out += ", stopped";
    return out + '\n';
}

std::string to_json(const DurableSummary& summary) {
    const DurableTotals& totals = summary.totals;
    std::string out = "{\"session\":\"" + summary.session +
                      "\",\"records\":" + std::to_string(totals.records) +
                      ",\"sent\":" + std::to_string(totals.sent) +
                      ",\"resent\":" + std::to_string(totals.resent) +
                      ",\"acknowledged\":" + std::to_string(totals.acknowledged) +
                      ",\"connections\":" + std::to_string(totals.connections) +
                      ",\"elapsed_s\":" + seconds(summary.elapsed_ns) +
                      ",\"complete\":" + (summary.is_complete ? "true" : "false") + ",\"problem\":";
    append_json_string(out, summary.problem);
    return out + "}\n";
}

std::string progress_text(const DurableTotals& totals, std::int64_t elapsed_ns) {
    return seconds(elapsed_ns) + " s  " + grouped(totals.records) + " records  " +
           grouped(totals.acknowledged) + " acknowledged  " + grouped(totals.resent) + " resent";
}

}  // namespace thalweg::load
