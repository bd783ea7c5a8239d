#pragma once

#include "state/base/status.h"
#include "tools/load/chunk.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg::load {

// Where records begin and end, in a file or on the wire.
enum class Framing : std::uint8_t {
    kNewline,         // A line each.
    kLengthPrefixed,  // A u32, little-endian, and so many bytes.
    kFixed,           // So many bytes each.
    kNone,            // On the wire only: the records alone, as in a datagram each.
};

// A file in memory: mapped, or read where it is a pipe. Immutable; shared by all connections.
class LoadedFile {
  public:
    // "-" is standard input.
    [[nodiscard]] static Result<std::shared_ptr<const LoadedFile>> open(const std::string& path);

    LoadedFile() = default;
    LoadedFile(const LoadedFile&) = delete;
    LoadedFile& operator=(const LoadedFile&) = delete;
    ~LoadedFile();

    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

  private:
    std::string_view bytes_;
    std::string owned_;
    bool is_mapped_ = false;
};

struct FileLayout {
    Framing framing = Framing::kNewline;
    std::size_t record_bytes = 0;  // kFixed.
    Framing wire = Framing::kNewline;
    bool loops = false;
};

// Whether the bytes are what the layout says: a whole number of records, lengths that fit.
[[nodiscard]] Result<void> check_layout(std::string_view bytes, const FileLayout& layout);

// The records of a file that one of several connections sends: all, or every `stride`th from
// `first` on, dealt like cards.
//
// Shape     A connection that sends all of them as they lie in the file sends spans of the file,
//           byte for byte; otherwise records are copied and framed for the wire. A last line that
//           lacks its '\n' gets one when another line follows.
// Threads   One at a time.
class FileRecords {
  public:
    struct Deal {
        std::uint64_t first = 0;
        std::uint64_t stride = 1;
    };

    FileRecords(std::shared_ptr<const LoadedFile> file, const FileLayout& layout, Deal deal);

    // The next records, at least one; none at the end.
    [[nodiscard]] Chunk take(TakeLimit limit);

    // Of every record on the wire; 0 when they differ.
    [[nodiscard]] std::size_t fixed_bytes() const noexcept;

  private:
    struct Record {
        std::string_view framed;   // As it lies in the file.
        std::string_view payload;  // Without delimiter or length.
    };

    [[nodiscard]] bool has_record();
    [[nodiscard]] Record peek() const;
    void skip_others();
    [[nodiscard]] Chunk take_span(TakeLimit limit);
    [[nodiscard]] Chunk take_copy(TakeLimit limit);
    void append_framed(std::string_view payload);

    std::shared_ptr<const LoadedFile> file_;
    FileLayout layout_;
    Deal deal_;
    std::string_view rest_;
    bool has_skipped_ = true;  // Whether the next record of `rest_` is ours.
    std::string copy_;
};

}  // namespace thalweg::load
