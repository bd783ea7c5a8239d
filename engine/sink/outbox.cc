#include "engine/sink/outbox.h"

#include "engine/sink/encoder.h"
#include "engine/sink/file_outbox.h"
#include "engine/sink/file_sink.h"
#include "engine/sink/part_outbox.h"
#include "state/store/real_disk.h"

#include <filesystem>
#include <utility>

namespace thalweg {

namespace {

// Rows to bytes, given away in large pieces.
class OutboxEncoder final : public Sink {
  public:
    OutboxEncoder(std::unique_ptr<Encoder> encoder, OutboxGive give)
        : encoder_(std::move(encoder)), give_(std::move(give)) {}

    [[nodiscard]] Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return true; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        const std::size_t before = buffer_.size();
        TRY_VOID(encoder_->encode(rows, buffer_));
        counters_.rows += rows.size();
        counters_.bytes += buffer_.size() - before;
        if (buffer_.size() >= kPieceBytes) flush();
        return {};
    }

    Result<void> poll(std::int64_t /*now_ns*/) override { return {}; }

    void flush() override {
        if (buffer_.empty()) return;
        give_(buffer_);
        buffer_.clear();
    }

    [[nodiscard]] Result<void> close() override {
        flush();
        return {};
    }

    [[nodiscard]] bool is_drained() const override { return buffer_.empty(); }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    static constexpr std::size_t kPieceBytes = 64 * 1024;

    std::unique_ptr<Encoder> encoder_;
    OutboxGive give_;
    std::string buffer_;
    SinkCounters counters_;
};

// Files of this machine. Nothing is opened or made before the query starts.
class RealOutbox final : public OutboxTarget {
  public:
    explicit RealOutbox(FileSinkSettings settings) : settings_(std::move(settings)) {}

    [[nodiscard]] Result<void> recover(std::string_view position) override {
        TRY_VOID(open());
        return target_->recover(position);
    }

    [[nodiscard]] Result<void> start_fresh() override {
        TRY_VOID(open());
        return target_->start_fresh();
    }

    [[nodiscard]] Result<void> take_over() override { return target_->take_over(); }

    [[nodiscard]] std::string position() const override { return target_->position(); }

    [[nodiscard]] Result<void> publish(std::uint64_t epoch,
                                       std::int64_t now_ns,
                                       const OutboxBytes& bytes) override {
        return target_->publish(epoch, now_ns, bytes);
    }

    [[nodiscard]] Result<void> close() override { return target_->close(); }

  private:
    Result<void> open() {
        const std::filesystem::path path(settings_.path);
        if (settings_.is_directory) {
            TRY(disk_, open_shared_disk(settings_.path, true));
            target_ = std::make_unique<PartOutbox>(*disk_, settings_.rolling);
            return {};
        }
        const std::string directory = path.parent_path().string();
        TRY(disk_, open_shared_disk(directory.empty() ? "." : directory, false));
        target_ = std::make_unique<FileOutbox>(*disk_, path.filename().string());
        return {};
    }

    FileSinkSettings settings_;
    std::unique_ptr<Disk> disk_;
    std::unique_ptr<OutboxTarget> target_;
};

}  // namespace

bool has_outbox(const SinkSpec& spec) {
    return spec.connector == "filesystem";
}

Result<OutboxSink> make_outbox_sink(const SinkSpec& spec, OutboxGive give) {
    OutboxSink result;
    if (!has_outbox(spec)) return result;
    TRY(FileSinkSettings settings, file_sink_settings(spec));
    TRY(auto encoder, make_encoder(spec, settings.framing));
    result.encoder = std::make_unique<OutboxEncoder>(std::move(encoder), std::move(give));
    result.target = std::make_unique<RealOutbox>(std::move(settings));
    return result;
}

}  // namespace thalweg
