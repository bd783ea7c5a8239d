#include "ingest/source.h"

#include "ingest/datagen_source.h"
#include "ingest/decoder.h"
#include "ingest/file_source.h"
#include "ingest/nexmark_source.h"
#include "ingest/producer_source.h"
#include "ingest/source_options.h"
#include "ingest/stdin_source.h"
#include "ingest/stream_socket_source.h"
#include "ingest/udp_source.h"
#include "state/text/suggest.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

// A source that was checked and can be made, once for each instance.
struct SourcePlan {
    SourceTraits traits;
    std::function<std::unique_ptr<Source>(SourceInstance, IoLoop&, SourceEvent)> make;
};

using Planner = Result<SourcePlan> (*)(const SourceOptions&, FormatSpec);

struct Connector {
    std::string_view name;
    std::span<const std::string_view> options;  // Besides those of every source.
    bool has_format = true;
    bool has_datagrams = false;
    Planner plan = nullptr;
};

// --- Framing ------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 3> kTextFramings = {"newline", "length-prefixed", "fixed"};
constexpr std::array<std::string_view, 3> kStructFramings = {"fixed", "length-prefixed", "newline"};
constexpr std::array<std::string_view, 3> kDatagramTextFramings = {"datagram", "newline", "fixed"};
constexpr std::array<std::string_view, 3> kDatagramStructFramings = {
    "fixed", "datagram", "newline"};

Framing framing_named(std::string_view name) {
    if (name == "length-prefixed") return Framing::kLengthPrefixed;
    if (name == "fixed") return Framing::kFixed;
    return name == "datagram" ? Framing::kDatagram : Framing::kNewline;
}

// Finishes the planner's FormatSpec by what the options say, and has the decoder check it.
Result<FormatSpec> format_of(const SourceOptions& options, FormatSpec format, bool has_datagrams) {
    TRY(format.format, options.required("format"));
    format.options = options.of_format();
    const bool is_struct = format.format == "raw-struct";
    const std::span<const std::string_view> framings =
        has_datagrams ? (is_struct ? kDatagramStructFramings : kDatagramTextFramings)
                      : (is_struct ? kStructFramings : kTextFramings);
    TRY(const std::size_t framing, options.choice("framing", framings));
    format.framing = framing_named(framings[framing]);
    const bool needs_struct = format.framing == Framing::kFixed && !is_struct;
    const bool is_newline_struct = format.framing == Framing::kNewline && is_struct;
    if (needs_struct || is_newline_struct) {
        return options.bad("framing", "another one with format '" + format.format + "'");
    }
    TRY(format.frame_bytes_max, options.size_bytes("max-frame-bytes", format.frame_bytes_max));
    const auto ignore = format.options.find("ignore-parse-errors");
    if (ignore != format.options.end()) format.ignore_parse_errors = ignore->second != "false";
    Result<std::unique_ptr<Decoder>> decoder = make_decoder(format);
    if (decoder) return format;
    return fail(decoder.error().code,
                "table '" + options.table() + "': " + decoder.error().message);
}

// --- Connectors ---------------------------------------------------------------------------------

// One entry of a journal is at most two records, or a read.
constexpr std::size_t kJournalFrameBytesMax = std::size_t{16} << 20U;
constexpr std::array<std::string_view, 3> kDurabilities = {"none", "journal", "epoch"};

// The first two are every connector's that has the option.
Result<bool> wants_journal(const SourceOptions& options,
                           const FormatSpec& format,
                           std::size_t durability_count = 2) {
    TRY(const std::size_t durability,
        options.choice("durability", std::span(kDurabilities).first(durability_count)));
    if (durability == 1 && format.frame_bytes_max > kJournalFrameBytesMax)
        return options.bad("max-frame-bytes", "at most '16mb' where 'durability' is 'journal'");
    return durability == 1;
}

constexpr std::array<std::string_view, 2> kListenModes = {"listen", "connect"};
constexpr std::int64_t kConnectionsMax = 10'000;

Result<StreamSocketSettings> stream_settings(const SourceOptions& options, FormatSpec format) {
    StreamSocketSettings settings;
    settings.table = options.table();
    settings.format = std::move(format);
    TRY(const std::size_t mode, options.choice("mode", kListenModes));
    settings.is_connecting = mode == 1;
    TRY(const std::int64_t limit, options.number("connection-limit", kConnectionsMax, 1));
    settings.connection_limit = static_cast<std::size_t>(limit);
    TRY(settings.idle_timeout_ns, options.duration_ns("idle-timeout", 0));
    TRY(settings.receive_buffer_bytes, options.size_bytes("receive-buffer", 0));
    return settings;
}

SourcePlan stream_plan(StreamSocketSettings settings) {
    SourcePlan plan;
    if (settings.has_journal) plan.traits.replay = Replay::kJournal;
    // Where a record is too long, its end must be found without its beginning.
    settings.format.are_lines_records = settings.has_journal;
    plan.make = [settings = std::move(settings)](
                    SourceInstance instance, IoLoop& loop, SourceEvent event) {
        return std::make_unique<StreamSocketSource>(settings, instance, loop, std::move(event));
    };
    return plan;
}

Result<HostPort> address_of(const SourceOptions& options) {
    TRY(const std::string text, options.required("address"));
    Result<HostPort> where = parse_host_port(text);
    if (where) return where;
    return options.bad("address", "HOST:PORT, such as '127.0.0.1:9000' or '[::]:9000'");
}

constexpr std::array<std::string_view, 11> kTcpOptions = {"address",
                                                          "mode",
                                                          "framing",
                                                          "max-frame-bytes",
                                                          "connection-limit",
                                                          "idle-timeout",
                                                          "receive-buffer",
                                                          "durability",
                                                          "sessions.max",
                                                          "sessions.expire-after",
                                                          "overload.policy"};
constexpr std::int64_t kSessionsMax = 1'000'000;

// Producers that number their records and are told when those are durable.
Result<SourcePlan> plan_producers(const SourceOptions& options, StreamSocketSettings socket) {
    if (socket.is_connecting) {
        return options.bad("mode", "'listen' where 'durability' is 'epoch': producers come to us");
    }
    ProducerSource::Settings settings;
    settings.socket = std::move(socket);
    settings.socket.format.are_lines_records = true;
    settings.table = options.table();
    TRY(const std::int64_t sessions, options.number("sessions.max", kSessionsMax, 1));
    settings.sessions_max = static_cast<std::size_t>(sessions);
    TRY(settings.sessions_expire_after_ns, options.duration_ns("sessions.expire-after", 0));
    SourcePlan plan;
    plan.traits.replay = Replay::kAcknowledged;
    plan.make = [settings = std::move(settings)](
                    SourceInstance instance, IoLoop& loop, SourceEvent event) {
        return std::make_unique<ProducerSource>(
            settings, std::move(instance), loop, std::move(event));
    };
    return plan;
}

Result<SourcePlan> plan_tcp(const SourceOptions& options, FormatSpec format) {
    TRY(const bool has_journal, wants_journal(options, format, kDurabilities.size()));
    TRY(StreamSocketSettings settings, stream_settings(options, std::move(format)));
    settings.has_journal = has_journal;
    TRY(settings.where, address_of(options));
    if (settings.is_connecting && settings.where->port == 0) {
        return options.bad("address", "an address with a port in mode 'connect'");
    }
    TRY(const std::size_t durability, options.choice("durability", kDurabilities));
    if (durability == 2) return plan_producers(options, std::move(settings));
    for (const std::string_view option : {"sessions.max", "sessions.expire-after"}) {
        if (options.has(option))
            return options.bad(option, "left out where 'durability' is not 'epoch'");
    }
    return stream_plan(std::move(settings));
}

constexpr std::array<std::string_view, 8> kUnixOptions = {"path",
                                                          "durability",
                                                          "mode",
                                                          "framing",
                                                          "max-frame-bytes",
                                                          "connection-limit",
                                                          "idle-timeout",
                                                          "receive-buffer"};

Result<SourcePlan> plan_unix(const SourceOptions& options, FormatSpec format) {
    TRY(const bool has_journal, wants_journal(options, format));
    TRY(StreamSocketSettings settings, stream_settings(options, std::move(format)));
    settings.has_journal = has_journal;
    TRY(settings.path, options.required("path"));
    if (!unix_address(settings.path)) return options.bad("path", "a path of 1 to 107 bytes");
    return stream_plan(std::move(settings));
}

constexpr std::array<std::string_view, 9> kUdpOptions = {"address",
                                                         "durability",
                                                         "framing",
                                                         "max-frame-bytes",
                                                         "receive-buffer",
                                                         "multicast.group",
                                                         "multicast.interface",
                                                         "overload.policy",
                                                         "merge-packets"};
constexpr std::array<std::string_view, 3> kPolicies = {"drop-newest", "drop-oldest", "sample"};
constexpr std::array<std::string_view, 2> kTrueFalse = {"true", "false"};

Result<SourcePlan> plan_udp(const SourceOptions& options, FormatSpec format) {
    UdpSettings settings;
    TRY(settings.has_journal, wants_journal(options, format));
    settings.table = options.table();
    settings.format = std::move(format);
    DatagramSettings& socket = settings.socket;
    TRY(socket.where, address_of(options));
    TRY(socket.receive_buffer_bytes,
        options.size_bytes("receive-buffer", socket.receive_buffer_bytes));
    socket.multicast_group = options.text("multicast.group", "");
    socket.multicast_interface = options.text("multicast.interface", "");
    if (socket.multicast_group.empty() && !socket.multicast_interface.empty()) {
        return options.bad("multicast.interface", "together with 'multicast.group'");
    }
    TRY(const std::size_t policy, options.choice("overload.policy", kPolicies));
    settings.overload = static_cast<OverloadPolicy>(policy);
    TRY(const std::size_t merging, options.choice("merge-packets", kTrueFalse));
    socket.has_merging = merging == 0;
    SourcePlan plan;
    if (settings.has_journal) plan.traits.replay = Replay::kJournal;
    plan.make = [settings = std::move(settings)](
                    SourceInstance instance, IoLoop& loop, SourceEvent event) {
        return std::make_unique<UdpSource>(settings, instance, loop, std::move(event));
    };
    return plan;
}

constexpr std::array<std::string_view, 2> kStdinOptions = {"framing", "max-frame-bytes"};

Result<SourcePlan> plan_stdin(const SourceOptions& /*options*/, FormatSpec format) {
    SourcePlan plan;
    plan.traits.is_bounded = true;
    plan.make = [format = std::move(format)](
                    SourceInstance instance, IoLoop& loop, SourceEvent event) {
        return std::make_unique<StdinSource>(
            format, instance, loop, std::move(event), StdinSource::kStandardInput);
    };
    return plan;
}

constexpr std::array<std::string_view, 11> kFilesystemOptions = {
    "path",
    "framing",
    "max-frame-bytes",
    "source.monitor-interval",
    // What the same table may say about being written to.
    "auto-compaction",
    "compaction.file-size",
    "sink.parallelism",
    "sink.rolling-policy.file-size",
    "sink.rolling-policy.rollover-interval",
    "sink.rolling-policy.check-interval",
    "sink.rolling-policy.inactivity-interval"};

Result<SourcePlan> plan_filesystem(const SourceOptions& options, FormatSpec format) {
    constexpr std::string_view kScheme = "file://";
    FileSettings settings;
    settings.format = std::move(format);
    TRY(settings.path, options.required("path"));
    if (settings.path.starts_with(kScheme)) settings.path.erase(0, kScheme.size());
    if (settings.path.empty()) return options.bad("path", "the path of a file or a directory");
    TRY(settings.monitor_interval_ns, options.duration_ns("source.monitor-interval", 0));
    if (options.has("source.monitor-interval") && settings.monitor_interval_ns == 0) {
        return options.bad("source.monitor-interval", "longer than nothing");
    }
    SourcePlan plan;
    plan.traits.is_bounded = settings.monitor_interval_ns == 0;
    plan.traits.replay = Replay::kPositions;
    plan.make = [settings = std::move(settings)](
                    SourceInstance instance, IoLoop& /*loop*/, SourceEvent event) {
        return std::make_unique<FileSource>(settings, instance, std::move(event));
    };
    return plan;
}

constexpr std::array<std::string_view, 3> kDatagenOptions = {
    "rows-per-second", "number-of-rows", "fields.*"};

Result<SourcePlan> plan_datagen(const SourceOptions& options, FormatSpec format) {
    TRY(DatagenSettings settings, read_datagen(options, format));
    SourcePlan plan;
    plan.traits.is_bounded = settings.row_count.has_value();
    plan.traits.replay = Replay::kPositions;
    plan.make = [settings = std::move(settings), format = std::move(format)](
                    SourceInstance instance, IoLoop& /*loop*/, const SourceEvent& /*event*/) {
        return std::make_unique<DatagenSource>(settings, format, instance);
    };
    return plan;
}

constexpr std::array<std::string_view, 22> kNexmarkOptions = {"first-event.rate",
                                                              "next-event.rate",
                                                              "rate.shape",
                                                              "rate.period",
                                                              "rate.limited",
                                                              "max-emit-speed",
                                                              "events.num",
                                                              "stop-at",
                                                              "keep-alive",
                                                              "person.proportion",
                                                              "auction.proportion",
                                                              "bid.proportion",
                                                              "person.avg-size",
                                                              "auction.avg-size",
                                                              "bid.avg-size",
                                                              "bid.hot-ratio.auctions",
                                                              "bid.hot-ratio.bidders",
                                                              "auction.hot-ratio.sellers",
                                                              "bid.first-bidder-id",
                                                              "seed",
                                                              "base-time",
                                                              "out-of-order.group-size"};

Result<SourcePlan> plan_nexmark(const SourceOptions& options, FormatSpec format) {
    TRY(const NexmarkSettings settings, read_nexmark(options));
    TRY(std::vector<NexmarkColumn> columns, nexmark_columns(options.table(), format));
    SourcePlan plan;
    plan.traits.is_bounded = settings.event_count.has_value() && !settings.stays;
    plan.traits.replay = Replay::kPositions;
    plan.make = [settings, columns = std::move(columns), format = std::move(format)](
                    SourceInstance instance, IoLoop& /*loop*/, const SourceEvent& /*event*/) {
        return std::make_unique<NexmarkSource>(settings, columns, format, std::move(instance));
    };
    return plan;
}

// --- The table ----------------------------------------------------------------------------------

constexpr std::array kConnectors = {
    Connector{.name = "tcp", .options = kTcpOptions, .plan = plan_tcp},
    Connector{.name = "udp", .options = kUdpOptions, .has_datagrams = true, .plan = plan_udp},
    Connector{.name = "unix", .options = kUnixOptions, .plan = plan_unix},
    Connector{.name = "stdin", .options = kStdinOptions, .plan = plan_stdin},
    Connector{.name = "filesystem", .options = kFilesystemOptions, .plan = plan_filesystem},
    Connector{
        .name = "datagen", .options = kDatagenOptions, .has_format = false, .plan = plan_datagen},
    Connector{
        .name = "nexmark", .options = kNexmarkOptions, .has_format = false, .plan = plan_nexmark},
};

Result<const Connector*> find_connector(const SourceSpec& spec) {
    std::vector<std::string_view> names;
    std::string list;
    for (const Connector& connector : kConnectors) {
        if (connector.name == spec.connector) return &connector;
        names.push_back(connector.name);
        list.append(list.empty() ? "" : ", ").append(connector.name);
    }
    return fail(Code::kInvalid,
                "table '" + spec.name + "': no source has the connector '" + spec.connector + "'" +
                    suggestion_for(spec.connector, names) + "; sources are " + list);
}

Result<SourcePlan> plan_of(const SourceSpec& spec) {
    TRY(const Connector* const connector, find_connector(spec));
    TRY(const SourceOptions options, SourceOptions::read(spec, connector->options));
    FormatSpec format = spec.format;
    if (connector->has_format) {
        TRY(format, format_of(options, spec.format, connector->has_datagrams));
    }
    const Framing framing = format.framing;
    const bool ignore_parse_errors = format.ignore_parse_errors;
    TRY(SourcePlan plan, connector->plan(options, std::move(format)));
    plan.traits.default_framing = framing;
    plan.traits.ignore_parse_errors = ignore_parse_errors;
    return plan;
}

}  // namespace

Result<std::unique_ptr<Source>> make_source(const SourceSpec& spec,
                                            SourceInstance instance,
                                            IoLoop& loop,
                                            SourceEvent event) {
    TRY(const SourcePlan plan, plan_of(spec));
    return plan.make(instance, loop, std::move(event));
}

Result<SourceTraits> check_source(const SourceSpec& spec) {
    TRY(const SourcePlan plan, plan_of(spec));
    return plan.traits;
}

}  // namespace thalweg
