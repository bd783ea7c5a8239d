#pragma once

#include "engine/run/connectors.h"
#include "engine/sink/encoder.h"
#include "ingest/decoder.h"
#include "state/base/random.h"
#include "tests/support/decoding.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The world of a story: bytes wait in splits until a source takes them, rows come to rest in sinks.

namespace thalweg::test {

// One ordered part of a table's input, as a connection is.
struct StorySplit {
    std::string bytes;  // Not taken yet.
    bool is_closed = false;
};

// Shared by the sources of all agents and the story that feeds them.
struct StoryInput {
    SourceSpec spec;
    std::size_t table_index = 0;
    std::map<std::size_t, StorySplit> splits;  // By the number in "in t/2".
    bool is_over = false;
    bool is_bounded = false;  // Known to end, and read again from where it was.
};

// Takes bytes in pieces of any size, decodes them with the table's real decoder, and offers batches
// of a given number of rows.
class StorySource final : public Source {
  public:
    struct Settings {
        StoryInput* input = nullptr;  // Outlives the source.
        SourceInstance instance;
        std::size_t batch_rows = kBatchRows;
        std::uint64_t seed = 0;
    };

    StorySource(Settings settings, FormatSpec format)
        : settings_(settings),
          format_(std::move(format)),
          schema_(schema_of(format_)),
          random_(settings.seed) {}

    Result<void> open(Outlet&) override { return {}; }

    std::size_t poll(std::int64_t now_ns, std::size_t, Outlet& outlet) override {
        if (is_stopped_) return close_all(outlet);
        std::size_t done = 0;
        for (auto& [number, split] : settings_.input->splits) {
            const std::size_t turn = settings_.input->table_index + number;
            if (turn % settings_.instance.count != settings_.instance.index) continue;
            while (outlet.ready() && read(parts_[number], split, now_ns, outlet))
                ++done;
        }
        if (done == 0) outlet.flush();
        return done;
    }

    void stop() override { is_stopped_ = true; }

    [[nodiscard]] bool finished() const override {
        const bool are_closed = std::all_of(
            parts_.begin(), parts_.end(), [](const auto& part) { return part.second.is_closed; });
        return are_closed && (is_stopped_ || (settings_.input->is_over && is_all_open()));
    }

    [[nodiscard]] bool is_bounded() const override { return settings_.input->is_bounded; }

    [[nodiscard]] Replay replay() const override {
        return is_bounded() ? Replay::kPositions : Replay::kNone;
    }

    [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

  private:
    struct Part {
        std::unique_ptr<Decoder> decoder;
        std::unique_ptr<Batch> waiting;  // Decoded, and not all offered.
        std::size_t offered = 0;
        SplitId id;
        std::string bytes;  // Read and not consumed.
        std::int64_t sequence = 0;
        std::uint64_t offset = 0;
        bool is_closed = false;
    };

    // Every split of this instance has been met, so that finished() does not come too early.
    [[nodiscard]] bool is_all_open() const {
        for (const auto& [number, split] : settings_.input->splits) {
            const std::size_t turn = settings_.input->table_index + number;
            const bool is_mine = turn % settings_.instance.count == settings_.instance.index;
            if (is_mine && !parts_.contains(number)) return false;
        }
        return true;
    }

    std::size_t close_all(Outlet& outlet) {
        std::size_t done = 0;
        for (auto& [number, part] : parts_) {
            if (part.is_closed) continue;
            outlet.close_split(part.id);
            part.is_closed = true;
            ++done;
        }
        return done;
    }

    // One step of a split: opens it, offers rows, decodes a piece, or closes it.
    bool read(Part& part, StorySplit& split, std::int64_t now_ns, Outlet& outlet) {
        if (part.is_closed) return false;
        if (part.decoder == nullptr) return open_part(part, outlet);
        if (part.offered < part.waiting->size()) return offer(part, outlet);
        const bool is_end = split.is_closed || settings_.input->is_over;
        if (!split.bytes.empty()) {
            const std::size_t count =
                std::min<std::size_t>(split.bytes.size(), 1 + random_.below(200));
            part.bytes += split.bytes.substr(0, count);
            split.bytes.erase(0, count);
            decode(part, now_ns, false, outlet);
            return true;
        }
        if (!is_end) return false;
        if (!part.bytes.empty() && decode(part, now_ns, true, outlet)) return true;
        if (part.offered < part.waiting->size()) return true;
        outlet.close_split(part.id);
        part.is_closed = true;
        return true;
    }

    bool open_part(Part& part, Outlet& outlet) {
        part.decoder = *make_decoder(format_);
        part.waiting = std::make_unique<Batch>(schema_);
        part.id = outlet.open_split();
        return true;
    }

    bool offer(Part& part, Outlet& outlet) {
        const std::size_t count =
            std::min(settings_.batch_rows, part.waiting->size() - part.offered);
        offered_ = std::make_unique<Batch>(schema_);
        offered_->append(part.waiting->view(), Selection::range(part.offered, count));
        part.offered += count;
        counters_.emitted_records += count;
        outlet.offer(part.id, *offered_);
        return true;
    }

    // Whether the decoder got any further.
    bool decode(Part& part, std::int64_t now_ns, bool is_end, Outlet& outlet) {
        part.waiting->clear();
        part.offered = 0;
        const PaddedBytes padded(part.bytes);
        Piece piece{.bytes = padded.view(),
                    .is_end = is_end,
                    .offset = part.offset,
                    .peer = "10.0.0.1:4711",
                    .receive_time_ns = now_ns,
                    .connection_id = 7};
        piece.sequence = part.sequence;
        const DecodeResult result = part.decoder->decode(piece, *part.waiting, outlet);
        part.bytes.erase(0, result.consumed);
        part.offset += result.consumed;
        part.sequence += static_cast<std::int64_t>(result.records);
        counters_.received_bytes += result.consumed;
        counters_.received_records += result.records;
        for (std::uint64_t i = 0; i < result.rejected; ++i)
            ++counters_.rejected[0];
        return result.consumed > 0;
    }

    Settings settings_;
    FormatSpec format_;
    SchemaPtr schema_;
    Random random_;
    std::map<std::size_t, Part> parts_;
    std::unique_ptr<Batch> offered_;  // Until the outlet wants the next.
    SourceCounters counters_;
    bool is_stopped_ = false;
};

// Keeps every row as a line of JSON, in the text forms that a user would read.
class StorySink final : public Sink {
  public:
    StorySink(std::unique_ptr<Encoder> encoder, std::string& lines)
        : encoder_(std::move(encoder)), lines_(lines) {}

    Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return true; }

    Result<void> write(const BatchView& rows) override {
        counters_.rows += rows.size();
        return encoder_->encode(rows, lines_);
    }

    Result<void> poll(std::int64_t) override { return {}; }

    void flush() override {}

    Result<void> close() override { return {}; }

    [[nodiscard]] bool is_drained() const override { return true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    std::unique_ptr<Encoder> encoder_;
    std::string& lines_;
    SinkCounters counters_;
};

}  // namespace thalweg::test
