#include "ingest/csv_record.h"

namespace thalweg {

namespace {

// Bytes behind a text that may be read (is_utf8).
constexpr std::size_t kScratchPadding = 32;

class Reader {
  public:
    Reader(std::string_view bytes, const CsvDialect& dialect, bool ends_at_newline, Arena& scratch)
        : bytes_(bytes), dialect_(dialect), ends_at_newline_(ends_at_newline), scratch_(scratch) {}

    CsvRecord read(CsvFields& fields) {
        for (;;) {
            const bool is_quoted = dialect_.quote && !at_end() && bytes_[at_] == *dialect_.quote;
            const CsvEnd end = is_quoted ? read_quoted(fields) : read_plain(fields);
            if (end != CsvEnd::kRecord) return {end, at_};
            if (at_end() || bytes_[at_] != dialect_.delimiter)
                return {at_end() ? CsvEnd::kOpen : CsvEnd::kRecord, at_};
            ++at_;
        }
    }

  private:
    [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

    [[nodiscard]] bool at_newline() const { return ends_at_newline_ && bytes_[at_] == '\n'; }

    [[nodiscard]] bool at_escape() const {
        return dialect_.escape && bytes_[at_] == *dialect_.escape && at_ + 1 < bytes_.size();
    }

    // Up to the delimiter or the end of the record, where at_ is left.
    CsvEnd read_plain(CsvFields& fields) {
        const std::size_t first = at_;
        bool is_escaped = false;
        for (; !at_end(); ++at_) {
            if (at_escape()) {
                is_escaped = true;
                ++at_;
            } else if (bytes_[at_] == dialect_.delimiter || at_newline()) {
                break;
            }
        }
        std::string_view text = bytes_.substr(first, at_ - first);
        const bool is_last = at_end() || at_newline();
        if (is_last && text.ends_with('\r')) text.remove_suffix(1);
        fields.add(is_escaped ? unescape(text, '\0') : text, false);
        return CsvEnd::kRecord;
    }

    CsvEnd read_quoted(CsvFields& fields) {
        const char quote = *dialect_.quote;
        const std::size_t first = ++at_;
        bool is_escaped = false;
        for (;; ++at_) {
            if (at_end()) return CsvEnd::kOpenQuote;
            if (at_escape() && *dialect_.escape != quote) {
                is_escaped = true;
                ++at_;
            } else if (bytes_[at_] == quote) {
                if (at_ + 1 == bytes_.size() || bytes_[at_ + 1] != quote) break;
                is_escaped = true;
                ++at_;
            }
        }
        const std::string_view text = bytes_.substr(first, at_ - first);
        ++at_;
        fields.add(is_escaped ? unescape(text, quote) : text, true);
        return skip_to_field_end();
    }

    // Behind a closing quote only blanks may stand.
    CsvEnd skip_to_field_end() {
        bool is_clean = true;
        for (; !at_end(); ++at_) {
            if (bytes_[at_] == dialect_.delimiter && is_clean) return CsvEnd::kRecord;
            if (at_newline()) return is_clean ? CsvEnd::kRecord : CsvEnd::kMalformed;
            const char c = bytes_[at_];
            is_clean &= c == ' ' || c == '\t' || c == '\r';
        }
        return is_clean ? CsvEnd::kRecord : CsvEnd::kMalformed;
    }

    // Drops escape characters, and one of each two quotes.
    std::string_view unescape(std::string_view text, char quote) {
        char* const target = scratch_.allocate(text.size() + kScratchPadding);
        std::size_t size = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool is_escape = dialect_.escape && text[i] == *dialect_.escape;
            const bool is_pair = quote != '\0' && text[i] == quote;
            if ((is_escape || is_pair) && i + 1 < text.size()) ++i;
            target[size++] = text[i];
        }
        return {target, size};
    }

    std::string_view bytes_;
    const CsvDialect& dialect_;
    bool ends_at_newline_;
    Arena& scratch_;
    std::size_t at_ = 0;
};

}  // namespace

CsvRecord read_csv_record(std::string_view bytes,
                          const CsvDialect& dialect,
                          bool ends_at_newline,
                          CsvFields& fields,
                          Arena& scratch) {
    fields.clear();
    return Reader(bytes, dialect, ends_at_newline, scratch).read(fields);
}

}  // namespace thalweg
