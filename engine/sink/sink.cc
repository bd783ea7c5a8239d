#include "engine/sink/sink.h"

#include "engine/sink/file_sink.h"
#include "engine/sink/network_sink.h"
#include "engine/sink/sink_options.h"
#include "engine/sink/standard_sink.h"
#include "state/text/suggest.h"

#include <array>
#include <utility>

namespace thalweg {

namespace {

// Takes rows and forgets them: for measuring everything in front of it.
class BlackholeSink final : public Sink {
  public:
    [[nodiscard]] Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return true; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        counters_.rows += rows.size();
        return {};
    }

    Result<void> poll(std::int64_t now_ns) override {
        static_cast<void>(now_ns);
        return {};
    }

    void flush() override {}

    [[nodiscard]] Result<void> close() override { return {}; }

    [[nodiscard]] bool is_drained() const override { return true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    SinkCounters counters_;
};

using Make = Result<std::unique_ptr<Sink>> (*)(const SinkSpec& spec, SinkEvent event);

struct Connector {
    std::string_view name;
    bool has_format;
    Make make;
};

const std::array<Connector, 8> kConnectors = {
    Connector{
        "stdout", true, [](const SinkSpec& spec, SinkEvent) { return make_stdout_sink(spec); }},
    Connector{
        "filesystem", true, [](const SinkSpec& spec, SinkEvent) { return make_file_sink(spec); }},
    Connector{"tcp",
              true,
              [](const SinkSpec& spec, SinkEvent event) {
                  return make_stream_sink(spec, std::move(event));
              }},
    Connector{"unix",
              true,
              [](const SinkSpec& spec, SinkEvent event) {
                  return make_stream_sink(spec, std::move(event));
              }},
    Connector{"udp", true, [](const SinkSpec& spec, SinkEvent) { return make_udp_sink(spec); }},
    Connector{
        "print", false, [](const SinkSpec& spec, SinkEvent) { return make_print_sink(spec); }},
    Connector{
        "table", false, [](const SinkSpec& spec, SinkEvent) { return make_table_sink(spec); }},
    Connector{"blackhole",
              false,
              [](const SinkSpec& spec, SinkEvent) -> Result<std::unique_ptr<Sink>> {
                  TRY_VOID(check_known(spec, {}));
                  return std::make_unique<BlackholeSink>();
              }},
};

}  // namespace

bool takes_changes(const SinkSpec& spec) {
    return spec.format == "changelog-json" || spec.connector == "print" ||
           spec.connector == "table" || spec.connector == "blackhole";
}

Result<std::unique_ptr<Sink>> make_sink(const SinkSpec& spec, SinkEvent event) {
    std::array<std::string_view, kConnectors.size()> names;
    for (std::size_t i = 0; i < kConnectors.size(); ++i) {
        const Connector& connector = kConnectors[i];
        names[i] = connector.name;
        if (connector.name != spec.connector) continue;
        if (connector.has_format && spec.format.empty())
            return fail(Code::kInvalid, "the " + spec.connector + " sink needs option 'format'");
        return connector.make(spec, std::move(event));
    }
    return fail(
        Code::kInvalid,
        "unknown sink connector '" + spec.connector + "'" + suggestion_for(spec.connector, names));
}

Result<void> check_sink(const SinkSpec& spec) {
    TRY_VOID(make_sink(spec, nullptr));
    return {};
}

}  // namespace thalweg
