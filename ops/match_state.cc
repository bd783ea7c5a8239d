#include "ops/match_state.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

void put(std::string& bytes, std::size_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8)
        bytes += static_cast<char>(number >> shift & 0xFFU);
}

void put(std::string& bytes, const MatchHistory& history) {
    put(bytes, history.runs().size());
    for (const MatchHistory::Run& run : history.runs()) {
        put(bytes, run.variable);
        put(bytes, run.count);
    }
}

// Reads numbers until there are none left.
class Reader {
  public:
    Reader(std::string_view bytes, std::size_t variable_count)
        : bytes_(bytes), variable_count_(variable_count) {}

    std::uint32_t number() {
        if (bytes_.size() < 4) {
            is_good_ = false;
            return 0;
        }
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value |= std::uint32_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
        bytes_.remove_prefix(4);
        return value;
    }

    MatchHistory history() {
        std::vector<MatchHistory::Run> runs;
        for (std::uint32_t left = number(); left != 0 && is_good_; --left) {
            const std::uint32_t variable = number();
            const std::uint32_t count = number();
            const bool is_new = runs.empty() || runs.back().variable != variable;
            is_good_ = is_good_ && variable < variable_count_ && count != 0 && is_new;
            runs.push_back({variable, count});
        }
        return MatchHistory(std::move(runs));
    }

    [[nodiscard]] bool is_good() const noexcept { return is_good_; }

    [[nodiscard]] bool is_at_end() const noexcept { return is_good_ && bytes_.empty(); }

  private:
    std::string_view bytes_;
    std::size_t variable_count_;
    bool is_good_ = true;
};

}  // namespace

std::string write_attempt(const MatchAttempt& attempt) {
    std::string bytes;
    put(bytes, attempt.threads.size());
    for (const MatchThread& thread : attempt.threads) {
        put(bytes, thread.step);
        put(bytes, thread.history);
    }
    put(bytes, attempt.found ? 1 : 0);
    if (attempt.found) put(bytes, *attempt.found);
    return bytes;
}

std::optional<MatchAttempt> read_attempt(std::string_view bytes,
                                         const MatchProgram& program,
                                         std::size_t variable_count) {
    Reader reader(bytes, variable_count);
    MatchAttempt attempt;
    for (std::uint32_t left = reader.number(); left != 0 && reader.is_good(); --left) {
        MatchThread thread;
        thread.step = reader.number();
        thread.history = reader.history();
        if (thread.step >= program.size()) return std::nullopt;
        attempt.threads.push_back(std::move(thread));
    }
    if (reader.number() != 0) attempt.found = reader.history();
    const bool is_something = attempt.found.has_value() || !attempt.threads.empty();
    if (!reader.is_at_end() || !is_something) return std::nullopt;
    return attempt;
}

}  // namespace thalweg
