#include "engine/sink/file_sink.h"

#include "engine/sink/descriptor_sink.h"
#include "engine/sink/part_name.h"
#include "engine/sink/sink_options.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace thalweg {

namespace {

namespace fs = std::filesystem;

// A descriptor that closes itself.
class File {
  public:
    File() = default;

    explicit File(int descriptor) : descriptor_(descriptor) {}

    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

    File& operator=(File&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

    File(const File&) = delete;
    File& operator=(const File&) = delete;

    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    [[nodiscard]] Result<void> close(const std::string& name) {
        if (::close(std::exchange(descriptor_, -1)) == 0) return {};
        return fail(Code::kIo, describe_errno("cannot close", name, errno));
    }

  private:
    int descriptor_ = -1;
};

Result<File> create(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(Code::kIo, describe_errno("cannot write", path, errno));
    return File(descriptor);
}

class SingleFileSink final : public DescriptorSink {
  public:
    SingleFileSink(std::unique_ptr<Encoder> encoder, std::string path)
        : DescriptorSink(std::move(encoder)), path_(std::move(path)) {}

    [[nodiscard]] Result<void> open() override {
        TRY(file_, create(path_));
        writer_ = std::make_unique<FdWriter>(file_.descriptor(), path_);
        return {};
    }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        TRY_VOID(empty_once());
        return DescriptorSink::write(rows);
    }

    [[nodiscard]] Result<void> close() override {
        TRY_VOID(empty_once());
        TRY_VOID(writer_->flush());
        return file_.close(path_);
    }

  private:
    // What was in the file goes when the query has started: a start that fails costs nothing.
    Result<void> empty_once() {
        if (is_empty_) return {};
        is_empty_ = true;
        // Devices and pipes have nothing to cut off.
        if (::ftruncate(file_.descriptor(), 0) == 0 || errno == EINVAL) return {};
        return fail(Code::kIo, describe_errno("cannot empty", path_, errno));
    }

    std::string path_;
    File file_;
    bool is_empty_ = false;
};

class PartFileSink final : public DescriptorSink {
  public:
    PartFileSink(std::unique_ptr<Encoder> encoder, fs::path directory, RollingPolicy rolling)
        : DescriptorSink(std::move(encoder)), directory_(std::move(directory)), rolling_(rolling) {}

    [[nodiscard]] Result<void> open() override {
        std::error_code error;
        fs::create_directories(directory_, error);
        if (error)
            return fail(
                Code::kIo,
                describe_errno("cannot make directory", directory_.string(), error.value()));
        for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
            if (const auto number = parse_part_name(entry.path().filename().string()))
                next_part_ = std::max(next_part_, *number + 1);
        }
        if (error)
            return fail(Code::kIo,
                        describe_errno("cannot list", directory_.string(), error.value()));
        return {};
    }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        if (rows.selection.empty()) return {};
        if (writer_ == nullptr) TRY_VOID(begin_part());
        TRY_VOID(DescriptorSink::write(rows));
        const std::uint64_t bytes = writer_->written_bytes() + writer_->buffer().size();
        return bytes >= rolling_.bytes ? finish_part() : Result<void>();
    }

    Result<void> poll(std::int64_t now_ns) override {
        if (writer_ == nullptr) return {};
        if (part_began_ns_ == 0) part_began_ns_ = now_ns;
        if (now_ns - part_began_ns_ >= rolling_.interval_ns) return finish_part();
        return DescriptorSink::poll(now_ns);
    }

    [[nodiscard]] Result<void> close() override {
        return writer_ == nullptr ? Result<void>() : finish_part();
    }

  private:
    Result<void> begin_part() {
        final_path_ = directory_ / part_name(next_part_);
        open_path_ = directory_ / open_part_name(next_part_);
        ++next_part_;
        std::error_code ignored;
        fs::remove(open_path_, ignored);  // Left behind by a process that was killed.
        TRY(file_, create(open_path_.string()));
        writer_ = std::make_unique<FdWriter>(file_.descriptor(), open_path_.string());
        part_began_ns_ = 0;
        return {};
    }

    Result<void> finish_part() {
        TRY_VOID(writer_->flush());
        writer_ = nullptr;
        TRY_VOID(file_.close(open_path_.string()));
        std::error_code error;
        fs::rename(open_path_, final_path_, error);
        if (error)
            return fail(Code::kIo,
                        describe_errno("cannot rename", open_path_.string(), error.value()));
        return {};
    }

    fs::path directory_;
    RollingPolicy rolling_;
    std::uint64_t next_part_ = 0;
    fs::path open_path_;
    fs::path final_path_;
    File file_;
    std::int64_t part_began_ns_ = 0;  // 0: not polled since the part began.
};

}  // namespace

Result<FileSinkSettings> file_sink_settings(const SinkSpec& spec) {
    static constexpr std::array<std::string_view, 6> kKnown = {
        "path",
        "connector.path",
        "framing",
        "sink.rolling-policy.file-size",
        "sink.rolling-policy.rollover-interval",
        "sink.parallelism"};
    TRY_VOID(check_known(spec, kKnown));
    const bool is_legacy = find_option(spec, "path") == nullptr;
    const std::string_view key =
        is_legacy && find_option(spec, "connector.path") != nullptr ? "connector.path" : "path";
    FileSinkSettings result;
    TRY(result.path, required_option(spec, key));
    if (result.path.starts_with("file://")) result.path.erase(0, 7);
    result.is_directory = result.path.ends_with('/');
    TRY(result.rolling.bytes,
        size_option(spec, "sink.rolling-policy.file-size", result.rolling.bytes));
    TRY(result.rolling.interval_ns,
        duration_option(spec, "sink.rolling-policy.rollover-interval", result.rolling.interval_ns));
    TRY(result.framing, framing_option(spec));
    return result;
}

Result<std::unique_ptr<Sink>> make_file_sink(const SinkSpec& spec) {
    TRY(FileSinkSettings settings, file_sink_settings(spec));
    TRY(auto encoder, make_encoder(spec, settings.framing));
    if (!settings.is_directory)
        return std::make_unique<SingleFileSink>(std::move(encoder), std::move(settings.path));
    return std::make_unique<PartFileSink>(std::move(encoder), settings.path, settings.rolling);
}

}  // namespace thalweg
