#pragma once

#include "ingest/outlet.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace thalweg {

// An outlet that remembers: a copy of the rows of each split, what was rejected, what is open. It
// refuses while `is_open` is false, and after every offer for `pause` calls of ready().
class VectorOutlet final : public Outlet {
  public:
    struct Split {
        std::vector<std::unique_ptr<Batch>> batches;
        bool is_closed = false;

        [[nodiscard]] std::size_t rows() const {
            std::size_t count = 0;
            for (const auto& batch : batches)
                count += batch->size();
            return count;
        }
    };

    struct Refused {
        RejectReason reason;
        std::string bytes;
        std::string peer;
        std::uint64_t offset;
    };

    bool is_open = true;
    std::size_t pause = 0;
    bool keeps_rows = true;  // Else only counts them.
    std::size_t rows = 0;
    std::size_t flushes = 0;
    std::size_t misuses = 0;  // Calls that the contract forbids.
    std::vector<Split> splits;
    std::vector<Refused> refused;

    SplitId open_split() override {
        splits.emplace_back();
        return {static_cast<std::uint32_t>(splits.size() - 1)};
    }

    void close_split(SplitId split) override {
        if (splits.at(split.value).is_closed) ++misuses;
        splits.at(split.value).is_closed = true;
    }

    bool ready() override {
        if (!is_open) return false;
        if (pausing_ > 0) {
            --pausing_;
            return false;
        }
        is_taken_ = false;
        return true;
    }

    void offer(SplitId split, const Batch& batch) override {
        if (is_taken_ || batch.empty() || splits.at(split.value).is_closed) ++misuses;
        is_taken_ = true;
        pausing_ = pause;
        rows += batch.size();
        if (!keeps_rows) return;
        auto copy = std::make_unique<Batch>(batch.schema());
        copy->append(batch.view());
        splits.at(split.value).batches.push_back(std::move(copy));
    }

    void reject(const Rejected& record) override {
        refused.push_back(
            {record.reason, std::string(record.bytes), std::string(record.peer), record.offset});
    }

    void flush() override { ++flushes; }

    [[nodiscard]] std::size_t open_splits() const {
        std::size_t count = 0;
        for (const Split& split : splits)
            count += split.is_closed ? 0 : 1;
        return count;
    }

    // The values of an int64 column, in order of splits, then of rows.
    [[nodiscard]] std::vector<std::int64_t> int64s(std::size_t column = 0) const {
        std::vector<std::int64_t> values;
        for (const Split& split : splits) {
            for (const auto& batch : split.batches) {
                const auto* const data = batch->column(column).data<std::int64_t>();
                values.insert(values.end(), data, data + batch->size());
            }
        }
        return values;
    }

    // The same for a string column.
    [[nodiscard]] std::vector<std::string> strings(std::size_t column = 0) const {
        std::vector<std::string> values;
        for (const Split& split : splits) {
            for (const auto& batch : split.batches) {
                for (std::size_t row = 0; row < batch->size(); ++row)
                    values.emplace_back(batch->column(column).data<StringRef>()[row].view());
            }
        }
        return values;
    }

  private:
    std::size_t pausing_ = 0;
    bool is_taken_ = false;
};

}  // namespace thalweg
