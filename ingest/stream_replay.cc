#include "ingest/stream_replay.h"

#include "ingest/decoder.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace thalweg {

Result<std::size_t> StreamReplay::poll(std::size_t budget, Outlet& outlet) {
    std::size_t done = 0;
    while (!is_done_ && done < budget && outlet.ready()) {
        if (current_ == nullptr) {
            TRY_VOID(take_next(outlet));
            ++done;
            continue;
        }
        feed();
        if (current_->has_backlog()) done += current_->deliver(budget - done, outlet);
        if (current_->has_backlog() || !rest_.empty()) continue;
        if (current_->is_done()) {
            outlet.close_split(current_->origin().split);
            streams_.erase(current_key_);
        }
        current_ = nullptr;
    }
    return done;
}

// The next entry, or the next stream that broke off.
Result<void> StreamReplay::take_next(Outlet& outlet) {
    if (!broken_.empty()) {
        current_key_ = broken_.back();
        broken_.pop_back();
        current_ = &streams_.at(current_key_);
        current_->end(StreamEnd::kBroken);
        return {};
    }
    if (is_at_end_) {
        is_done_ = true;
        outlet.flush();
        return {};
    }
    TRY(const JournalEntry* const entry, journal_->next());
    if (entry != nullptr) {
        take(*entry, outlet);
        return {};
    }
    is_at_end_ = true;
    for (const auto& [key, stream] : streams_)
        broken_.push_back(key);
    return {};
}

void StreamReplay::take(const JournalEntry& entry, Outlet& outlet) {
    using Kind = JournalEntry::Kind;
    const Key key{entry.chain, entry.connection};
    if (entry.kind == Kind::kOpened) open(entry, outlet);
    if (entry.kind == Kind::kRestarted) {
        for (const auto& [each, stream] : streams_) {
            if (each.first == entry.chain) broken_.push_back(each);
        }
    }
    // A stream that lost its framing is gone, and its last words with it.
    const auto found = streams_.find(key);
    if (found == streams_.end() || entry.kind > Kind::kClosed) return;
    current_key_ = key;
    current_ = &found->second;
    rest_ = entry.bytes;
    time_ns_ = entry.time_ns;
    if (entry.kind == Kind::kClosed) current_->end(entry.how);
}

void StreamReplay::open(const JournalEntry& entry, Outlet& outlet) {
    if (streams_.contains({entry.chain, entry.connection})) return;
    Result<std::unique_ptr<Decoder>> decoder = make_decoder(*format_);
    ASSERT(decoder.has_value());  // The same format made one when the source was checked.
    StreamReader::Origin origin;
    origin.peer = std::string(entry.peer);
    origin.connection_id = static_cast<std::int64_t>(entry.connection_id);
    origin.split = outlet.open_split();
    origin.offset = entry.offset;
    origin.sequence = static_cast<std::int64_t>(entry.sequence);
    next_connection_id_ = std::max(next_connection_id_, origin.connection_id + 1);
    const auto [added, is_new] = streams_.try_emplace(
        {entry.chain, entry.connection}, *workspace_, *std::move(decoder), std::move(origin));
    if (is_new && entry.is_skipping) added->second.skip_begun_record(*format_);
}

// Gives the stream as much of what is left as there is room for, once it is done with what it has.
void StreamReplay::feed() {
    if (current_->has_backlog() || rest_.empty()) return;
    if (current_->is_done()) {
        rest_ = {};
        return;
    }
    const std::span<char> room = current_->room();
    const std::size_t size = std::min(room.size(), rest_.size());
    std::memcpy(room.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    current_->take(size, time_ns_);
}

}  // namespace thalweg
