#include "engine/sink/file_sink.h"

#include "engine/sink/descriptor_sink.h"
#include "engine/sink/sink_options.h"
#include "state/text/number.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
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
    struct Rolling {
        std::uint64_t bytes;
        std::int64_t interval_ns;
    };

    PartFileSink(std::unique_ptr<Encoder> encoder, fs::path directory, Rolling rolling)
        : DescriptorSink(std::move(encoder)), directory_(std::move(directory)), rolling_(rolling) {}

    [[nodiscard]] Result<void> open() override {
        std::error_code error;
        fs::create_directories(directory_, error);
        if (error)
            return fail(
                Code::kIo,
                describe_errno("cannot make directory", directory_.string(), error.value()));
        for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
            const std::string name = entry.path().filename().string();
            if (!name.starts_with(kPrefix)) continue;
            if (const auto number = parse_int64(std::string_view(name).substr(kPrefix.size())))
                next_part_ = std::max(next_part_, static_cast<std::uint64_t>(*number) + 1);
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
    static constexpr std::string_view kPrefix = "part-";

    Result<void> begin_part() {
        std::array<char, 32> name{};
        std::snprintf(
            name.data(), name.size(), "part-%08llu", static_cast<unsigned long long>(next_part_));
        ++next_part_;
        final_path_ = directory_ / name.data();
        open_path_ = directory_ / ("." + std::string(name.data()) + ".inprogress");
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
    Rolling rolling_;
    std::uint64_t next_part_ = 0;
    fs::path open_path_;
    fs::path final_path_;
    File file_;
    std::int64_t part_began_ns_ = 0;  // 0: not polled since the part began.
};

}  // namespace

Result<std::unique_ptr<Sink>> make_file_sink(const SinkSpec& spec) {
    static constexpr std::array<std::string_view, 6> kKnown = {
        "path",
        "connector.path",
        "framing",
        "sink.rolling-policy.file-size",
        "sink.rolling-policy.rollover-interval",
        "sink.parallelism"};
    TRY_VOID(check_known(spec, kKnown));
    const bool is_legacy = find_option(spec, "path") == nullptr;
    TRY(std::string path,
        required_option(
            spec, is_legacy && find_option(spec, "connector.path") ? "connector.path" : "path"));
    if (path.starts_with("file://")) path.erase(0, 7);
    TRY(const std::uint64_t bytes, size_option(spec, "sink.rolling-policy.file-size", 128U << 20U));
    TRY(const std::int64_t interval_ns,
        duration_option(spec, "sink.rolling-policy.rollover-interval", 1'800'000'000'000));
    TRY(const RecordFraming framing, framing_option(spec));
    TRY(auto encoder, make_encoder(spec, framing));
    if (!path.ends_with('/'))
        return std::make_unique<SingleFileSink>(std::move(encoder), std::move(path));
    return std::make_unique<PartFileSink>(
        std::move(encoder), path, PartFileSink::Rolling{bytes, interval_ns});
}

}  // namespace thalweg
