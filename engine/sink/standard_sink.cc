#include "engine/sink/standard_sink.h"

#include "engine/sink/descriptor_sink.h"
#include "engine/sink/print_encoder.h"
#include "engine/sink/sink_options.h"
#include "engine/sink/table_printer.h"

#include <unistd.h>

#include <array>
#include <utility>

namespace thalweg {

namespace {

class StandardSink final : public DescriptorSink {
  public:
    StandardSink(std::unique_ptr<Encoder> encoder, int descriptor)
        : DescriptorSink(std::move(encoder)), descriptor_(descriptor) {}

    [[nodiscard]] Result<void> open() override {
        const bool is_error = descriptor_ == STDERR_FILENO;
        writer_ = std::make_unique<FdWriter>(descriptor_,
                                             is_error ? "standard error" : "standard output");
        return {};
    }

    [[nodiscard]] Result<void> close() override { return writer_->flush(); }

  private:
    int descriptor_;
};

class TableEncoder final : public Encoder {
  public:
    explicit TableEncoder(const SinkSpec& spec) : printer_(spec.schema, spec.has_changes) {}

    [[nodiscard]] Result<void> encode(const BatchView& rows, std::string& out) override {
        printer_.print(rows, out);
        return {};
    }

  private:
    TablePrinter printer_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_stdout_sink(const SinkSpec& spec) {
    static constexpr std::array<std::string_view, 1> kKnown = {"framing"};
    TRY_VOID(check_known(spec, kKnown));
    TRY(const RecordFraming framing, framing_option(spec));
    TRY(auto encoder, make_encoder(spec, framing));
    return std::make_unique<StandardSink>(std::move(encoder), STDOUT_FILENO);
}

Result<std::unique_ptr<Sink>> make_print_sink(const SinkSpec& spec) {
    static constexpr std::array<std::string_view, 3> kKnown = {
        "print-identifier", "standard-error", "sink.parallelism"};
    TRY_VOID(check_known(spec, kKnown));
    TRY(const bool is_error, boolean_option(spec, "standard-error", false));
    return std::make_unique<StandardSink>(make_print_encoder(spec),
                                          is_error ? STDERR_FILENO : STDOUT_FILENO);
}

Result<std::unique_ptr<Sink>> make_table_sink(const SinkSpec& spec) {
    return std::make_unique<StandardSink>(std::make_unique<TableEncoder>(spec), STDOUT_FILENO);
}

}  // namespace thalweg
