#include "tools/load/file_records.h"

#include "tools/load/socket.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace thalweg::load {

namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t length_at(std::string_view bytes) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data(), kLengthBytes);
    return length;
}

std::size_t framing_bytes(Framing wire) {
    if (wire == Framing::kLengthPrefixed) return kLengthBytes;
    return wire == Framing::kNewline ? 1 : 0;
}

tl::unexpected<Error> unreadable(const std::string& path) {
    return fail(Code::kIo, "cannot read " + path + ": " + error_text(errno));
}

}  // namespace

Result<std::shared_ptr<const LoadedFile>> LoadedFile::open(const std::string& path) {
    const bool is_stdin = path == "-";
    const Socket file(is_stdin ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file.is_open() || ::fstat(file.fd(), &status) != 0) return unreadable(path);
    auto result = std::make_shared<LoadedFile>();
    if (S_ISREG(status.st_mode) && status.st_size > 0 && !is_stdin) {
        const auto size = static_cast<std::size_t>(status.st_size);
        void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd(), 0);
        if (at == MAP_FAILED) return unreadable(path);
        ::madvise(at, size, MADV_SEQUENTIAL);
        result->bytes_ = {static_cast<const char*>(at), size};
        result->is_mapped_ = true;
        return result;
    }
    char block[65536];
    for (;;) {
        const ssize_t count = ::read(file.fd(), block, sizeof block);
        if (count < 0) return unreadable(path);
        if (count == 0) break;
        result->owned_.append(block, static_cast<std::size_t>(count));
    }
    result->bytes_ = result->owned_;
    return result;
}

LoadedFile::~LoadedFile() {
    // munmap asks for what mmap gave: a pointer to what is no longer const.
    if (is_mapped_) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

Result<void> check_layout(std::string_view bytes, const FileLayout& layout) {
    if (layout.framing == Framing::kFixed && bytes.size() % layout.record_bytes != 0) {
        return fail(Code::kInvalid,
                    "the file is not a whole number of records: " + std::to_string(bytes.size()) +
                        " bytes, --record-bytes " + std::to_string(layout.record_bytes));
    }
    if (layout.framing != Framing::kLengthPrefixed) return {};
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t left = bytes.size() - at;
        if (left < kLengthBytes || left - kLengthBytes < length_at(bytes.substr(at))) {
            return fail(
                Code::kInvalid,
                "the file's length-prefixed records end within one, at byte " + std::to_string(at));
        }
        at += kLengthBytes + length_at(bytes.substr(at));
    }
    return {};
}

FileRecords::FileRecords(std::shared_ptr<const LoadedFile> file,
                         const FileLayout& layout,
                         Deal deal)
    : file_(std::move(file)), layout_(layout), deal_(deal), rest_(file_->bytes()) {
    for (std::uint64_t i = 0; i < deal_.first && has_record(); ++i)
        rest_.remove_prefix(peek().framed.size());
}

bool FileRecords::has_record() {
    if (rest_.empty() && layout_.loops) rest_ = file_->bytes();
    return !rest_.empty();
}

FileRecords::Record FileRecords::peek() const {
    if (layout_.framing == Framing::kLengthPrefixed) {
        const std::string_view framed = rest_.substr(0, kLengthBytes + length_at(rest_));
        return {framed, framed.substr(kLengthBytes)};
    }
    if (layout_.framing == Framing::kFixed) {
        const std::string_view record = rest_.substr(0, layout_.record_bytes);
        return {record, record};
    }
    const std::size_t end = rest_.find('\n');
    return {rest_.substr(0, end == std::string_view::npos ? end : end + 1), rest_.substr(0, end)};
}

// Between two records of ours lie stride - 1 of others. Done when the next one is wanted, so that
// the end of the file is not met early.
void FileRecords::skip_others() {
    for (std::uint64_t i = 1; i < deal_.stride && !has_skipped_ && has_record(); ++i)
        rest_.remove_prefix(peek().framed.size());
    has_skipped_ = true;
}

std::size_t FileRecords::fixed_bytes() const noexcept {
    if (layout_.framing != Framing::kFixed) return 0;
    const bool has_length = layout_.wire == Framing::kLengthPrefixed;
    return layout_.record_bytes + (has_length ? kLengthBytes : 0);
}

Chunk FileRecords::take(TakeLimit limit) {
    const bool is_span = deal_.stride == 1 && layout_.wire == layout_.framing;
    // Where the file starts over, its last line may need the '\n' that it lacks.
    const bool is_open = layout_.loops && layout_.framing == Framing::kNewline && has_record() &&
                         !file_->bytes().ends_with('\n');
    return is_span && !is_open ? take_span(limit) : take_copy(limit);
}

Chunk FileRecords::take_span(TakeLimit limit) {
    if (!has_record()) return {};
    Chunk chunk{rest_.data(), 0, 0};
    while (chunk.records < limit.records && !rest_.empty()) {
        const std::size_t bytes = peek().framed.size();
        if (chunk.records > 0 && chunk.bytes + bytes > limit.bytes) break;
        chunk.bytes += bytes;
        ++chunk.records;
        rest_.remove_prefix(bytes);
    }
    return chunk;
}

Chunk FileRecords::take_copy(TakeLimit limit) {
    copy_.clear();
    Chunk chunk;
    while (chunk.records < limit.records) {
        skip_others();
        if (!has_record()) break;
        const Record record = peek();
        const std::size_t bytes = record.payload.size() + framing_bytes(layout_.wire);
        if (chunk.records > 0 && copy_.size() + bytes > limit.bytes) break;
        append_framed(record.payload);
        ++chunk.records;
        rest_.remove_prefix(record.framed.size());
        has_skipped_ = false;
    }
    chunk.data = copy_.data();
    chunk.bytes = copy_.size();
    return chunk;
}

void FileRecords::append_framed(std::string_view payload) {
    if (layout_.wire == Framing::kLengthPrefixed) {
        const auto length = static_cast<std::uint32_t>(payload.size());
        char bytes[kLengthBytes];
        std::memcpy(bytes, &length, kLengthBytes);
        copy_.append(bytes, kLengthBytes);
    }
    copy_ += payload;
    if (layout_.wire == Framing::kNewline) copy_ += '\n';
}

}  // namespace thalweg::load
