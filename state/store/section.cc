#include "state/store/section.h"

#include "state/base/assertion.h"

#include <array>

namespace thalweg {
namespace {

constexpr std::uint32_t kCriticalFlag = 1;
constexpr std::size_t kEntryBytesMax = 4096;

// Collects an entry, so that its length can go before it.
class EntryBytes final : public StateSink {
  public:
    Result<void> append(std::span<const std::byte> bytes) override {
        text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
};

}  // namespace

std::string SectionLabel::name() const {
    return kind + " '" + owner + "' part " + std::to_string(part);
}

void write_entry(StateWriter& writer, const SectionEntry& entry) {
    EntryBytes bytes;
    StateWriter fields(bytes);
    fields.text(entry.label.kind);
    fields.text(entry.label.owner);
    fields.u32(entry.label.schema);
    fields.u32(entry.label.part);
    fields.u32(entry.label.is_critical ? kCriticalFlag : 0);
    fields.u64(entry.offset);
    fields.u64(entry.length);
    fields.u64(entry.block_count);
    fields.u32(entry.checksum);
    const Result<void> finished = fields.finish();
    ASSERT(finished.has_value());  // Memory takes everything.
    writer.text(bytes.text());
}

SectionEntry read_entry(StateReader& reader, bool newer) {
    const std::string_view bytes = reader.text(kEntryBytesMax);
    StateReader fields(std::as_bytes(std::span(bytes)));
    SectionEntry entry;
    entry.label.kind = fields.text(kSectionKindBytesMax);
    entry.label.owner = fields.text(kSectionOwnerBytesMax);
    entry.label.schema = fields.u32();
    entry.label.part = fields.u32();
    const std::uint32_t flags = fields.u32();
    entry.label.is_critical = (flags & kCriticalFlag) != 0;
    entry.offset = fields.u64();
    entry.length = fields.u64();
    entry.block_count = fields.u64();
    entry.checksum = fields.u32();
    if (!fields.ok()) {
        reader.reject("an entry of the table of sections that is too short");
    } else if (!newer && !fields.at_end()) {
        reader.reject("an entry of the table of sections that is too long");
    } else if (!newer && (flags & ~kCriticalFlag) != 0) {
        reader.reject("an entry of the table of sections with unknown flags");
    }
    return entry;
}

}  // namespace thalweg
